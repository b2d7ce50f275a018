"""Whether a wheelhouse can be trusted: it is as it was written, agrees, was signed, and works."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wheelforge import atomic, signing
from wheelforge.errors import InputError, RejectedError
from wheelforge.pipeline.house import RECORD, House, prove, read_house
from wheelforge.pipeline.options import Home
from wheelforge.verify import agree, sums
from wheelforge.verify.witness import countersigned, signable, vouched
from wheelforge.wheel import REQUIREMENTS


def verify(
    wheelhouse: Path,
    home: Home,
    tell: Callable[[str], None],
    *,
    key: signing.Key | None = None,
    install: bool = True,
) -> list[str]:
    """Hold everything in a wheelhouse against everything else; what passed.

    With `key` all has to be signed by it. With `install` the lock is installed into a clean
    environment, and the recipes' checks run there. RejectedError names what does not agree.
    """
    house = _house(wheelhouse)
    locked = _agreed(wheelhouse, house, tell)
    passed = ["lock, wheels and index agree"]
    if key is not None:
        passed += countersigned(wheelhouse, house.provenance, key)
        tell(passed[-1])
    if install:
        passed += _installed(wheelhouse, house, locked, home, tell)
    return passed


def sign(wheelhouse: Path, signer: signing.Signer, home: Home) -> list[Path]:
    """Sign the provenance of the wheels that were built, and the lock; the envelopes.

    RejectedError where the wheelhouse does not agree with itself: nobody should vouch for that.
    """
    house = _house(wheelhouse)
    _agreed(wheelhouse, house, lambda _: None)
    files = []
    with atomic.told(wheelhouse, "--wheelhouse"):
        for file, kind in signable(wheelhouse, house.provenance).items():
            files.append(signing.place(file))
            atomic.write_if_changed(files[-1], signing.signed(file.read_bytes(), kind, signer))
        sums.write(wheelhouse, home.memo.of_file)
    return files


def _house(wheelhouse: Path) -> House:
    """What is recorded of it, when nothing was altered."""
    if not (wheelhouse / RECORD).exists():
        raise InputError(
            "it is not a wheelhouse that wheelforge wrote",
            where=str(wheelhouse),
            remedy="wheelforge build NAME --wheelhouse " + str(wheelhouse),
        )
    sums.unaltered(wheelhouse)
    house = read_house(wheelhouse)
    assert house is not None, "it was there a moment ago"  # noqa: S101
    return house


def _agreed(wheelhouse: Path, house: House, tell: Callable[[str], None]) -> frozenset[str]:
    """The packages in the lock, when everything says the same of them."""
    locked = agree(wheelhouse)
    if locked != set(house.wheels):
        other = ", ".join(sorted(locked ^ set(house.wheels)))
        raise RejectedError(
            f"{RECORD} and {REQUIREMENTS} disagree about {other}",
            where=str(wheelhouse),
            remedy="copy the wheelhouse again, or run 'wheelforge build' again",
        )
    tell(f"lock, wheels and index agree: {len(locked)} packages")
    vouched(wheelhouse, house.provenance, tell)
    return locked


def _installed(
    wheelhouse: Path,
    house: House,
    locked: frozenset[str],
    home: Home,
    tell: Callable[[str], None],
) -> list[str]:
    from wheelforge.sigill import Reporter
    from wheelforge.verify import chosen, try_out

    scratch = home.root / "work" / atomic.private("verify")
    reporter = Reporter(home=home.root)
    checks = chosen(house.checks, locked)
    passed = try_out(wheelhouse, house.python, checks, scratch, tell, reporter)
    atomic.remove_tree(scratch)
    prove(wheelhouse)
    return passed

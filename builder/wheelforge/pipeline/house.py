"""What is recorded of a wheelhouse, and whether this plan's wheels may go into it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from wheelforge import atomic, digest, wheel
from wheelforge.errors import InputError
from wheelforge.graph import Plan
from wheelforge.interpreter import Interpreter
from wheelforge.recipe import PythonCheck

RECORD = "wheelforge.json"
_PROVEN = ".proven"  # the digest of the lock that was last installed and tried with success


class House(msgspec.Struct, frozen=True, kw_only=True):
    """What a wheelhouse holds and for whom: one processor, one Python.

    `wheels` maps package names to the file that the lock names, `checks` to the checks of the
    recipes they came from, `keys` are the store's results behind them. `provenance` maps the files
    of wheels that were built here to the digests of what is said of them beside.
    """

    target: str
    archspec: str
    features: tuple[str, ...]
    python: Interpreter
    wheels: dict[str, str]
    checks: dict[str, tuple[PythonCheck, ...]]
    keys: tuple[str, ...]
    provenance: dict[str, str] = {}


def read_house(wheelhouse: Path) -> House | None:
    """What is recorded of a wheelhouse, or None; InputError when the record is damaged."""
    try:
        return msgspec.json.decode((wheelhouse / RECORD).read_bytes(), type=House)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"it cannot be read: {error}",
            where=str(wheelhouse / RECORD),
            remedy="remove it, or build into another folder with --wheelhouse",
        ) from error


def ready(wheelhouse: Path, plan: Plan) -> None:
    """Refuse a wheelhouse that cannot be written or holds wheels for another processor."""
    folder = wheelhouse
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK) or _read_only(folder):
        raise InputError(
            "it cannot be written",
            where=f"--wheelhouse {wheelhouse}",
            remedy="make it writable, or name another folder with --wheelhouse",
        )
    house = read_house(wheelhouse)
    if house is not None and (house.archspec, house.python.tag) != (plan.archspec, plan.python.tag):
        raise InputError(
            f"it holds wheels for {house.target} and {house.python.tag}, not for {plan.target} "
            f"and {plan.python.tag}",
            where=f"--wheelhouse {wheelhouse}",
            remedy="an index serves one processor: name another folder with --wheelhouse",
        )


def proven(wheelhouse: Path) -> bool:
    """Whether the wheelhouse's lock, as it is now, was installed and tried with success."""
    with suppress(OSError):
        found = digest.of_file(wheelhouse / wheel.REQUIREMENTS)
        return (wheelhouse / _PROVEN).read_bytes() == found.encode()
    return False


def prove(wheelhouse: Path) -> None:
    """Note that the wheelhouse was installed and tried with success."""
    found = digest.of_file(wheelhouse / wheel.REQUIREMENTS)
    with suppress(OSError):  # somebody else's wheelhouse can be verified as well
        atomic.write_if_changed(wheelhouse / _PROVEN, found.encode())


def record(wheelhouse: Path, house: House) -> None:
    """Write what is recorded of a wheelhouse."""
    data = msgspec.json.format(msgspec.json.encode(house))
    atomic.write_if_changed(wheelhouse / RECORD, data)


def _read_only(folder: Path) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)

"""Whether the wheels on disk, the lock and the index say the same of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wheelforge import digest, wheel
from wheelforge.errors import ForgeError, RejectedError
from wheelforge.verify.claims import Claim, Pin, read_claims
from wheelforge.wheel import PYLOCK, REQUIREMENTS, SIMPLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


class _Wheel(NamedTuple):
    """A wheel as it is on disk; `metadata` is the digest of the METADATA inside it."""

    name: str
    version: str
    sha256: str
    size: int
    metadata: str


def agree(wheelhouse: Path) -> frozenset[str]:
    """The names of the locked packages; RejectedError lists every disagreement."""
    problems: list[str] = []
    wheels: dict[str, _Wheel] = {}
    for path in sorted(wheelhouse.glob("*.whl")):
        try:
            wheels[path.name] = _on_disk(path)
        except ForgeError as error:
            problems.append(f"{path.name}: {error.what}")
    pins, claims = read_claims(wheelhouse)
    locked = list(_meant(pins, wheels))
    claims += locked
    for claim in claims:
        problems += _refuted(claim, wheels.get(claim.file))
    problems += _left_out(claims, wheels)
    if problems:
        raise RejectedError(
            "\n  ".join(["lock, wheels and index disagree", *dict.fromkeys(problems)]),
            where=str(wheelhouse),
            remedy="copy the wheelhouse again, or run 'wheelforge build' again",
        )
    return frozenset(pin.name for pin in pins)


def _on_disk(path: Path) -> _Wheel:
    facts = wheel.read(path)
    metadata = digest.of_bytes(facts.metadata)
    size = path.stat().st_size
    return _Wheel(facts.name, facts.version, digest.of_file(path), size, metadata)


def _meant(pins: Iterable[Pin], wheels: Mapping[str, _Wheel]) -> Iterator[Claim]:
    """What the pins claim of files: a pin names no file, it means the wheels of its version."""
    for pin in pins:
        files = {file for file, x in wheels.items() if (x.name, x.version) == pin[:2]}
        right = {wheels[file].sha256: file for file in files if wheels[file].sha256 in pin.hashes}
        wrong = sorted(files - set(right.values())) or [f"{pin.name}-{pin.version}-*.whl"]
        for sha256 in pin.hashes:
            yield Claim(REQUIREMENTS, right.get(sha256, wrong[0]), sha256)


def _refuted(claim: Claim, found: _Wheel | None) -> Iterator[str]:
    if found is None:
        yield f"{claim.file}: {claim.source} names it, but no such wheel is here"
        return
    compared = (
        ("sha256", claim.sha256, found.sha256),
        ("size", claim.size, found.size),
        ("metadata's sha256", claim.metadata, found.metadata),
    )
    for what, said, real in compared:
        if said is not None and said != real:
            yield f"{claim.file}: its {what} is {real}, {claim.source} says {said}"


def _left_out(claims: Iterable[Claim], wheels: Mapping[str, _Wheel]) -> Iterator[str]:
    said = {(claim.source, claim.file) for claim in claims}
    for file, found in wheels.items():
        sources = [f"{SIMPLE}/{found.name}/{page}" for page in ("index.html", "index.json")]
        sources.append(f"{file}.metadata")
        # wheels of earlier builds may be here too: they are in the index, but not in the lock
        if {(REQUIREMENTS, file), (PYLOCK, file)} & said:
            sources += [REQUIREMENTS, PYLOCK]
        yield from (f"{file}: {one} does not name it" for one in sources if (one, file) not in said)

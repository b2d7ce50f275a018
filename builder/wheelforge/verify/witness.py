"""What vouches for the wheels of a wheelhouse: their RECORDs, their provenance, signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from wheelforge import digest, provenance, signing
from wheelforge.errors import ForgeError, RejectedError
from wheelforge.signing.envelope import LOCK, STATEMENT
from wheelforge.verify.records import differences
from wheelforge.wheel import PYLOCK, REQUIREMENTS


def vouched(wheelhouse: Path, built: Mapping[str, str], tell: Callable[[str], None]) -> None:
    """Hold every wheel against its RECORD, and those that were `built` against their provenance.

    `built` maps files of wheels to the digests of their provenance. Wheels from the package index
    have none: that is told. RejectedError lists what does not agree.
    """
    problems: list[str] = []
    wheels = sorted(wheelhouse.glob("*.whl"))
    for path in wheels:
        problems += (f"{path.name}: {why}" for why in differences(path, whole=path.name in built))
    for name, known in built.items():
        problems += _unproven(wheelhouse / name, known)
    for path in wheelhouse.glob(f"*.whl{provenance.SUFFIX}"):
        if path.name.removesuffix(provenance.SUFFIX) not in built:
            problems.append(f"{path.name}: it is about a wheel that was not built here")
    if problems:
        raise _rejected("wheels and what is said of them disagree", wheelhouse, problems)
    tell(f"provenance and RECORDs agree: {len(built)} wheels built here")
    for path in wheels:
        if path.name not in built:
            tell(f"{path.name}: not built here, so there is no provenance of it")


def countersigned(wheelhouse: Path, built: Mapping[str, str], key: signing.Key) -> list[str]:
    """See that `key` signed the provenance of all wheels that were `built`, and the lock.

    RejectedError says of each file what is wrong.
    """
    wanted = signable(wheelhouse, built)
    faults = {file: signing.sealed(file, kind, key) for file, kind in wanted.items()}
    problems = [f"{file.name}: {why}" for file, why in faults.items() if why]
    if problems:
        raise _rejected("signatures are missing or wrong", wheelhouse, problems)
    return [f"{len(wanted)} files are signed by {key.id[:16]}"]


def signable(wheelhouse: Path, built: Mapping[str, str]) -> dict[Path, str]:
    """What is signed in a wheelhouse, and as what."""
    statements = {provenance.place(wheelhouse / name): STATEMENT for name in built}
    return {**statements, wheelhouse / REQUIREMENTS: LOCK, wheelhouse / PYLOCK: LOCK}


def _unproven(path: Path, known: str) -> Iterator[str]:
    file = provenance.place(path)
    try:
        statement = provenance.read(file)
        found = {"sha256": digest.of_file(path)}
    except ForgeError as error:
        yield f"{file.name}: {error.what}"
        return
    except OSError as error:
        yield f"{path.name}: cannot be read: {error.strerror}"
        return
    if digest.of_file(file) != known:
        yield f"{file.name}: it is not the one that was written with the wheel"
    (subject, *more) = statement.subject or (provenance.Resource(),)
    if more or subject.name != path.name:
        yield f"{file.name}: it is about {subject.name or 'nothing'}"
    elif subject.digest != found:
        yield (
            f"{path.name}: its sha256 is {found['sha256']}, {file.name} says "
            f"{subject.digest.get('sha256', 'nothing')}"
        )


def _rejected(what: str, wheelhouse: Path, problems: list[str]) -> RejectedError:
    return RejectedError(
        "\n  ".join([what, *problems]),
        where=str(wheelhouse),
        remedy="copy the wheelhouse again, or ask who built it",
    )

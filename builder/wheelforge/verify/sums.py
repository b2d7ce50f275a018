"""SHA256SUMS: the digest of every file of a wheelhouse, written last; `sha256sum -c` reads it.

It is for damage and for copies that are not whole. Who can write into a wheelhouse can write it
anew: against that there are signatures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from wheelforge import atomic, digest
from wheelforge.errors import RejectedError
from wheelforge.wheel import SIMPLE

SUMS = "SHA256SUMS"
_HEAD = (
    "# SHA-256 of all that wheelforge wrote here; the last line is that of the lines above it.\n"
)
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_+!-][A-Za-z0-9_.+!/-]*)")
_WRITTEN = (
    "*.whl",
    "*.whl.*",
    "requirements.lock*",
    "pylock.toml*",
    "packages.txt",
    "wheelforge.json",
    f"{SIMPLE}/index.*",
    f"{SIMPLE}/*/index.*",
)


def write(wheelhouse: Path, sha256: Callable[[Path], str] = digest.of_file) -> Path:
    """Write it anew over all that is there; one that says the same is not touched."""
    found = {name: sha256(wheelhouse / name) for name in _files(wheelhouse)}
    atomic.write_if_changed(wheelhouse / SUMS, _text(found).encode())
    return wheelhouse / SUMS


def unaltered(wheelhouse: Path) -> int:
    """The number of files that are as they were written; RejectedError names all that are not."""
    known = _read(wheelhouse)
    if known is None:
        what = "it was altered" if (wheelhouse / SUMS).exists() else "there is no such file"
        raise _rejected(wheelhouse, [f"{SUMS}: {what}"])
    problems = [f"{name}: {why}" for name, found in known.items()
                if (why := _fault(wheelhouse / name, found))]  # fmt: skip
    strangers = set(_files(wheelhouse)) - set(known)
    problems += [f"{name}: it was not there when {SUMS} was written" for name in sorted(strangers)]
    if problems:
        raise _rejected(wheelhouse, problems)
    return len(known)


def _fault(path: Path, known: str) -> str:
    if not path.is_file():  # pipes and devices may never end
        return "it is missing"
    try:
        found = digest.of_file(path)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "" if found == known else f"it was altered: its sha256 is {found}, it was {known}"


def _files(wheelhouse: Path) -> Iterator[str]:
    """What belongs to a wheelhouse, by its name there, sorted; hidden files are being written."""
    found = {path for pattern in _WRITTEN for path in wheelhouse.glob(pattern)}
    names = {
        path.relative_to(wheelhouse).as_posix()
        for path in found
        if path.is_file() and not path.name.startswith(".")
    }
    yield from sorted(names)


def _read(wheelhouse: Path) -> dict[str, str] | None:
    """Its lines; None where they are not, to the byte, what is written for what they say."""
    try:
        text = (wheelhouse / SUMS).read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
    lines = [match for line in text.split("\n") if (match := _LINE.fullmatch(line))]
    found = {match[2]: match[1] for match in lines}
    inside = all(".." not in name.split("/") for name in found)
    return found if inside and _text(found) == text else None


def _text(found: Mapping[str, str]) -> str:
    lines = _HEAD + "".join(f"{found[name]}  {name}\n" for name in sorted(found))
    return f"{lines}# {digest.of_bytes(lines.encode())}\n"


def _rejected(wheelhouse: Path, problems: list[str]) -> RejectedError:
    return RejectedError(
        "\n  ".join(["it is not as it was written", *problems]),
        where=str(wheelhouse),
        remedy="copy the wheelhouse again, or run 'wheelforge build' again",
    )

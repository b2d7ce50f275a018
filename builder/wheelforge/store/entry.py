"""One immutable result: a folder whose manifest lists every file in it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from wheelforge import digest

MANIFEST, DAMAGED = "manifest.json", "damaged.txt"
EVIDENCE = "evidence.json.gz"  # beside the manifest: no part of what dependents see
SCHEMA = 1


class FileRecord(msgspec.Struct, frozen=True, array_like=True):
    """A file of an entry: relative path, digest (`f:`, `x:` or `link:` + SHA-256), size, mtime."""

    path: str
    digest: str
    size: int
    mtime_ns: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry is and what it was made from.

    `inputs` are the named facts, `needs` the outputs of earlier steps its key was made of;
    `output` is the digest of its content with its own path taken out, so that an unchanged result
    spares its dependents. `product` is the file name of the wheel, empty for a library. `evidence`
    is the file that says how it was built, no part of the output; None where none was kept.
    """

    key: str
    name: str
    version: str
    step: str
    inputs: dict[str, str]
    needs: dict[str, str]
    files: tuple[FileRecord, ...]
    output: str
    created: float
    seconds: float
    product: str = ""
    evidence: FileRecord | None = None
    schema: int = SCHEMA


class Entry(NamedTuple):
    """A manifest and the folder it describes."""

    path: Path
    manifest: Manifest

    @property
    def product(self) -> Path:
        """The wheel of an entry that holds one."""
        return self.path / self.manifest.product

    @property
    def evidence(self) -> Path | None:
        """The file that says how it was built, where it was kept."""
        return self.path / EVIDENCE if self.manifest.evidence else None


def record(folder: Path, final: Path) -> tuple[tuple[FileRecord, ...], str]:
    """The files of a folder, and the digest of its content once it lives at `final`."""
    own = {os.fsencode(final): b"@{prefix}"}
    files: list[FileRecord] = []
    content: list[list[str]] = []
    for name, info in digest.walk(folder):
        path = folder / name
        part = digest.of_member(path, info)
        files.append(FileRecord(name, part, info.st_size, info.st_mtime_ns))
        content.append([name, digest.of_member(path, info, own)])
    return tuple(files), digest.of_value(content)


def keep_evidence(folder: Path, evidence: bytes) -> FileRecord | None:
    """Put what says how it was built beside an entry's files; None where nothing does."""
    if not evidence:
        return None
    path = folder / EVIDENCE
    path.write_bytes(evidence)
    info = path.lstat()
    return FileRecord(EVIDENCE, digest.of_member(path, info), info.st_size, info.st_mtime_ns)


def read(folder: Path) -> Manifest | None:
    """The manifest in a folder, or None where there is none that can be read."""
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        return manifest if manifest.schema == SCHEMA else None
    return None


def fault(entry: Entry, *, thorough: bool = False) -> str:
    """What is wrong with an entry's files, or "".

    Files whose size and time are as recorded are trusted unless `thorough`; any other is read.
    """
    kept = entry.manifest.evidence
    items = (*entry.manifest.files, *((kept,) if kept else ()))
    for item in items:
        if wrong := _file_fault(entry.path / item.path, item, thorough=thorough):
            return f"{item.path} {wrong}"
    if thorough:
        known = {item.path for item in items} | {MANIFEST, DAMAGED}
        strangers = (name for name, _ in digest.walk(entry.path) if name not in known)
        return next((f"{name} does not belong to it" for name in strangers), "")
    return ""


def _file_fault(path: Path, item: FileRecord, *, thorough: bool) -> str:
    try:
        info = path.lstat()
    except OSError:
        return "is missing"
    if info.st_size != item.size:
        return f"has {info.st_size} bytes instead of {item.size}"
    if not thorough and info.st_mtime_ns == item.mtime_ns:
        return ""
    return "" if digest.of_member(path, info) == item.digest else "differs from what was built"

"""Compares two wheels, folders or files, and says what differs down to sections and functions.

What is compared comes from elsewhere: it is read with the bounded readers, and never run.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wheelforge import digest
from wheelforge.compare import archives, elves, packing, texts, trees
from wheelforge.compare.difference import Comparison, Detail, Difference, Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.compare.trees import File, Tree

__all__ = ["Comparison", "Detail", "Difference", "Side", "compare"]

_TEXT_BYTES = 16 << 20  # a longer text is compared as bytes
_CHUNK = 1 << 20
_PREFIX = b"@{prefix}"  # what stands for a folder's own path, as in the store's digests


class _Read(NamedTuple):
    """What a file of one side was found to be."""

    size: int
    sha256: str


def compare(a: Path, b: Path) -> Comparison:
    """Compare two wheels, two folders, two files; InputError where one of them cannot be read.

    Wheels are equal where all their bytes are; folders where their files are, their own paths in
    them taken out.
    """
    with (
        trees.opened(a) as one,
        trees.opened(b) as other,
        tempfile.TemporaryDirectory(prefix="wheelforge-compare-") as scratch,
    ):
        return _compared(one, other, Path(scratch))


def _compared(one: Tree, other: Tree, scratch: Path) -> Comparison:
    names = sorted({*one.files, *other.files})
    notes: list[str] = []
    found = [item for name in names for item in _file(name, one, other, scratch, notes)]
    different = {item.name for item in found}
    details: list[Detail] = []
    sides = _side(one), _side(other)
    if one.archive is not None and other.archive is not None:
        same = frozenset(names) - different
        details += packing.differences(one.archive, other.archive, same)
        if sides[0].sha256 != sides[1].sha256 and not found and not details:
            details.append(_bytes(one.path, other.path))
    return Comparison(
        a=sides[0],
        b=sides[1],
        equal=not found and not details,
        files=len(names) - len(different),
        differences=tuple(found),
        packing=tuple(details),
        notes=tuple(notes),
    )


def _side(tree: Tree) -> Side:
    if tree.path.is_dir():
        return Side(path=str(tree.path))
    size = tree.path.stat().st_size
    return Side(path=str(tree.path), size=size, sha256=digest.of_file(tree.path))


def _file(
    name: str, one: Tree, other: Tree, scratch: Path, notes: list[str]
) -> Iterator[Difference]:
    """How one file differs, if it does; notes tell of differences that do not count."""
    ours, theirs = one.files.get(name), other.files.get(name)
    found = [_read(file) for file in (ours, theirs) if file is not None]
    shown = name or one.path.name
    if ours is None or theirs is None:
        yield _alone(shown, found[0], in_a=ours is not None)
        return
    left, right = found
    details = [*_kinds(ours, theirs)]
    if left.sha256 != right.sha256:
        places = _copied(ours, scratch / "a"), _copied(theirs, scratch / "b")
        if _same_but_for_paths(*places, one.own, other.own):
            notes.append(f"{shown}: only the folder's own path in it differs")
        else:
            details += _details(shown, *places)
    if details:
        yield Difference(
            name=shown,
            kind="differs",
            sizes=(left.size, right.size),
            sha256=(left.sha256, right.sha256),
            details=tuple(details),
        )


def _alone(name: str, found: _Read, *, in_a: bool) -> Difference:
    return Difference(
        name=name,
        kind="only in a" if in_a else "only in b",
        sizes=(found.size, None) if in_a else (None, found.size),
        sha256=(found.sha256, None) if in_a else (None, found.sha256),
    )


def _kinds(ours: File, theirs: File) -> Iterator[Detail]:
    if ours.kind != theirs.kind:
        yield Detail(where="mode", what=f"a {ours.kind} and a {theirs.kind}", why="another umask")


def _read(file: File) -> _Read:
    found = hashlib.sha256()
    size = 0
    with file.open() as source:
        while data := source.read(_CHUNK):
            found.update(data)
            size += len(data)
    return _Read(size, found.hexdigest())


def _copied(file: File, to: Path) -> Path:
    """Lay a file out where it can be read from any place in it, again and again."""
    with file.open() as source, to.open("wb") as out:
        shutil.copyfileobj(source, out, _CHUNK)
    return to


def _same_but_for_paths(left: Path, right: Path, own: bytes, other: bytes) -> bool:
    """As the store's digests see it, for folders that are results of the same step."""
    if not own or not other:
        return False
    ours, theirs = left.read_bytes(), right.read_bytes()
    return ours.replace(own, _PREFIX) == theirs.replace(other, _PREFIX)


def _details(name: str, left: Path, right: Path) -> Iterator[Detail]:
    found: list[Detail] = []
    if elves.is_elf(left, right):
        found = list(elves.safe(left, right))
    elif archives.is_archive(left, right):
        found = list(archives.differences(left.read_bytes(), right.read_bytes()))
    elif max(item.stat().st_size for item in (left, right)) <= _TEXT_BYTES:
        one, other = (texts.decoded(item.read_bytes()) for item in (left, right))
        if one is not None and other is not None:
            found = list(texts.differences(name, one, other))
    yield from found or [_bytes(left, right)]


def _bytes(left: Path, right: Path) -> Detail:
    """The first byte that differs."""
    at = 0
    with left.open("rb") as one, right.open("rb") as other:
        while (ours := one.read(_CHUNK)) == (theirs := other.read(_CHUNK)) and ours:
            at += len(ours)
    what = f"the first that differs is at {at + elves.first(ours, theirs):#x}"
    return Detail(where="bytes", what=what)

"""The files of a wheel, of a folder, or one file: what there is to compare on one side."""

from __future__ import annotations

import io
import os
import stat
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from wheelforge import digest, wheel
from wheelforge.errors import InputError
from wheelforge.store.entry import DAMAGED, MANIFEST

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Callable, Iterator, Mapping


class File(NamedTuple):
    """A file: its size, what it is beside its bytes (file, program, link), and how to read it."""

    size: int
    kind: str
    open: Callable[[], IO[bytes]]


class Tree(NamedTuple):
    """One side: its files by name, the zip file they are in, or the folder's own path in them."""

    path: Path
    files: Mapping[str, File]
    archive: zipfile.ZipFile | None = None
    own: bytes = b""


@contextmanager
def opened(path: Path) -> Iterator[Tree]:
    """One side of a comparison; InputError where it is nothing that can be compared."""
    if path.is_dir():
        yield Tree(path, dict(_below(path)), own=os.fsencode(os.path.realpath(path)))
    elif path.suffix == ".whl" and path.is_file():
        with wheel.opened(path) as archive:
            items = [item for item in archive.infolist() if not item.is_dir()]
            files = {
                item.filename: File(item.file_size, "file", partial(archive.open, item))
                for item in items
            }
            yield Tree(path, files, archive=archive)
    elif path.is_file():
        yield Tree(path, {"": File(path.stat().st_size, "file", _reader(path))})
    else:
        raise InputError(
            "is neither a wheel, nor a file, nor a folder" if path.exists() else "is not there",
            where=str(path),
            remedy="give the paths of two wheels, two folders, or two files",
        )


def _reader(path: Path) -> Callable[[], IO[bytes]]:
    return lambda: path.open("rb")


def _below(root: Path) -> Iterator[tuple[str, File]]:
    """A folder's files; of a result in the store, without the list of them."""
    for name, info in digest.walk(root):
        path = root / name
        if name in {MANIFEST, DAMAGED}:
            continue
        if stat.S_ISLNK(info.st_mode):
            target = os.fsencode(path.readlink())
            yield name, File(len(target), "link", partial(io.BytesIO, target))
        elif stat.S_ISREG(info.st_mode):
            kind = "program" if info.st_mode & 0o100 else "file"
            yield name, File(info.st_size, kind, _reader(path))
        else:
            raise InputError("is neither a file nor a folder nor a link", where=str(path))

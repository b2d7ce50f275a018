"""Durable writes: everything appears under its name whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_REMEDIES = {
    errno.ENOSPC: ("no space left on the device", "free space there, or choose another place"),
    errno.EDQUOT: ("disk quota exceeded", "free space there, or choose another place"),
    errno.EACCES: ("permission denied", "make it writable, or choose another place"),
    errno.EPERM: ("operation not permitted", "make it writable, or choose another place"),
    errno.EROFS: ("read-only file system", "choose a place that can be written"),
}


@contextmanager
def told(place: Path, option: str) -> Iterator[None]:
    """Turn a full, read-only or forbidden `place` into one clear error naming `option`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REMEDIES:
            raise
        what, remedy = _REMEDIES[error.errno]
        where = Path(error.filename) if isinstance(error.filename, str) else place
        raise InputError(what, where=str(where), remedy=f"{remedy} with {option}") from error


def sync_dir(folder: Path) -> None:
    """Make the names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some network file systems refuse it for directories
            os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, data: bytes) -> None:
    """Write a file whole: temporary name, fsync, rename, fsync of the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(part).chmod(0o644)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    sync_dir(path.parent)


def write_if_changed(path: Path, data: bytes) -> bool:
    """Write a file whole unless it already holds `data`; True when it was written."""
    with suppress(OSError):
        if path.read_bytes() == data:
            return False
    write(path, data)
    return True


def place_file(source: Path, destination: Path) -> bool:
    """Copy a file to its final name atomically; True when this call put it there (first wins)."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(prefix=f".{destination.name}.", dir=destination.parent)
    try:
        with os.fdopen(handle, "wb") as out, source.open("rb") as data:
            shutil.copyfileobj(data, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        Path(part).chmod(0o644)
        os.link(part, destination)
    except FileExistsError:
        return False
    finally:
        Path(part).unlink(missing_ok=True)
    sync_dir(destination.parent)
    return True


def publish_dir(part: Path, destination: Path) -> bool:
    """Rename a finished folder to its final name; True when this call published it (first wins).

    Every file is made durable before the rename: a name that is visible is complete.
    """
    for folder, _, files in os.walk(part):
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        sync_dir(Path(folder))
    try:
        part.rename(destination)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        return False
    sync_dir(destination.parent)
    return True

"""Durable writes: everything appears under its name whole or not at all."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import socket
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_REMEDIES = {
    errno.ENOSPC: ("no space left on the device", "free space there, or choose another place"),
    errno.EDQUOT: ("disk quota exceeded", "free space there, or choose another place"),
    errno.EACCES: ("permission denied", "make it writable, or choose another place"),
    errno.EPERM: ("operation not permitted", "make it writable, or choose another place"),
    errno.ENOTDIR: ("a file is where a folder should be", "remove it, or choose another place"),
    errno.EEXIST: ("a file is where a folder should be", "remove it, or choose another place"),
    errno.EROFS: ("read-only file system", "choose a place that can be written"),
}
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}


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


def copy_tree(source: Path, target: Path, ignored: frozenset[str] = frozenset()) -> None:
    """Copy what is in a folder into another, over what is there; links stay links.

    Modes become 0755 or 0644, times are kept. The first error ends it, as the OSError it is
    (shutil.copytree goes on and hides a full disk in a list of strings). What is neither a file
    nor a folder nor a link is an InputError. Folders called as in `ignored` are left out.
    """
    target.mkdir(parents=True, exist_ok=True)
    with os.scandir(source) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                copy_member(Path(entry.path), target / entry.name)
            elif entry.name not in ignored:
                copy_tree(Path(entry.path), target / entry.name, ignored)


def copy_member(source: Path, target: Path) -> None:
    """Copy one file or link, in place of a file or link that is there."""
    info = source.lstat()
    if target.is_symlink() or target.is_file():
        target.unlink()
    if stat.S_ISLNK(info.st_mode):
        target.symlink_to(source.readlink())
    elif stat.S_ISREG(info.st_mode):
        shutil.copyfile(source, target)
        target.chmod(0o755 if info.st_mode & 0o100 else 0o644)
        os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns))
    else:
        raise InputError("is neither a file nor a folder nor a link", where=str(source))


def remove_tree(folder: Path) -> None:
    """Remove a folder as far as possible, also where builds left folders without write permission.

    Never raises: what could not be removed is what the next step fails on, with its own words.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        if folder.is_symlink() or not folder.is_dir():
            return
        folder.chmod(0o700)
        for place, inner, _ in os.walk(folder):
            for name in inner:
                if not Path(place, name).is_symlink():
                    Path(place, name).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)


def private(name: str) -> str:
    """A name only this process uses; `abandoned` tells when its process is gone."""
    return f"{name}-{socket.gethostname()}-{os.getpid()}"


def abandoned(name: str) -> bool | None:
    """Whether the process that made a `private` name is gone; None for another machine's."""
    owner, _, pid = name.rpartition("-")
    if not owner.endswith(f"-{socket.gethostname()}") or not pid.isdigit():
        return None
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def sync_dir(folder: Path) -> None:
    """Make the names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some network file systems refuse it for directories
            os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def new_file(path: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """A file under a temporary name beside `path`: yields it and that name.

    The caller fills it, calls `finish` and gives it its final name; what still has the temporary
    one at the end is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file, part
    finally:
        part.unlink(missing_ok=True)


def finish(file: IO[bytes], part: Path) -> None:
    """Make what was written to a `new_file` durable and readable; it may be renamed then."""
    file.flush()
    os.fsync(file.fileno())
    part.chmod(0o644)


def write(path: Path, data: bytes) -> None:
    """Write a file whole: temporary name, fsync, rename, fsync of the folder."""
    with new_file(path) as (file, part):
        file.write(data)
        finish(file, part)
        part.replace(path)
    sync_dir(path.parent)


def write_if_changed(path: Path, data: bytes) -> bool:
    """Write a file whole unless it already holds `data`; True when it was written."""
    with suppress(OSError):
        if path.read_bytes() == data:
            return False
    write(path, data)
    return True


def place_file(source: Path, destination: Path, *, replace: bool = False) -> bool:
    """Copy a file to its final name atomically; True when this call put it there.

    The first wins, unless `replace` is set: then it takes the place of what is there.
    """
    with new_file(destination) as (out, part), source.open("rb") as data:
        shutil.copyfileobj(data, out, 1 << 20)
        finish(out, part)
        if replace:
            part.replace(destination)
        elif not _link(part, destination):
            return False
    sync_dir(destination.parent)
    return True


def _link(part: Path, destination: Path) -> bool:
    """Give a file its final name unless that is taken; some file systems know no hard links."""
    try:
        destination.hardlink_to(part)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if destination.exists():
            return False
        part.replace(destination)
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


def swap_dirs(one: Path, other: Path) -> None:
    """Let two folders of one file system change names: there is no moment without either name.

    Where the kernel or the file system cannot (NFS), `other` is missing for a moment.
    """
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    names = os.fsencode(one), os.fsencode(other)
    if rename is None or rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE):
        aside = one.with_name(private(f"{one.name}.aside"))
        other.rename(aside)
        one.rename(other)
        aside.rename(one)
    sync_dir(other.parent)

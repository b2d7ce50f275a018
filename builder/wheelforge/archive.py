"""Unpacks source archives from elsewhere: nothing is written outside the destination, ever.

Refused: absolute names, `..`, links that lead outside, devices, sockets and pipes, and archives
larger than a source tree can be. Modes are reduced to 0644 or 0755; owners are ignored; times are
kept, since make rebuilds (and autotools regenerates) what looks older than what it came from.
"""

from __future__ import annotations

import calendar
import errno
import lzma
import os
import posixpath
import shutil
import stat
import tarfile
import time
import zipfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_ENTRIES = 2_000_000
MAX_BYTES = 64 << 30
_MAX_TARGET = 4096  # PATH_MAX; a longer link is no link but an attack on memory
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    RuntimeError,  # zipfile's word for encrypted members and unknown compressions
    OverflowError,
)
# what a contradictory archive makes the file system say: a file where a folder is, names too long,
# links to nothing at all
_NONSENSE = frozenset(
    {
        errno.EEXIST,
        errno.EINVAL,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
    }
)


class _Member(NamedTuple):
    name: str
    kind: str  # file, dir, symlink, hardlink, or what it is instead
    executable: bool
    size: int
    mtime: int
    target: str
    open: Callable[[], IO[bytes] | None]


def unpack(archive: Path, destination: Path, *, strip: int = 1) -> None:
    """Unpack a tar (any compression Python knows) or zip file into a new folder.

    `strip` leading path components are dropped, as source archives have one folder at their root;
    entries shorter than that are passed over. Raises InputError on a damaged or hostile archive,
    with nothing left behind outside `destination`.
    """
    destination.mkdir(parents=True, exist_ok=True)
    writer = _Writer(archive, destination.resolve(), strip)
    try:
        for member in _members(archive):
            writer.write(member)
        writer.finish()
    except (*_DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno not in {None, *_NONSENSE}:
            raise
        raise InputError(
            f"the archive cannot be read: {error}",
            where=str(archive),
            remedy="fetch it again, or correct its digest in the recipe",
        ) from error
    if not writer.entries:
        raise InputError(
            f"nothing is in the archive below {strip} leading folder(s)", where=str(archive)
        )


def _members(archive: Path) -> Iterator[_Member]:
    with archive.open("rb") as file:  # zipfile.is_zipfile also takes a tar that ends with a zip
        is_zip = file.read(4) in {b"PK\3\4", b"PK\5\6"}
    if is_zip:
        yield from _zip_members(archive)
        return
    with tarfile.open(archive) as tar:
        for item in tar:
            kind = {
                tarfile.REGTYPE: "file",
                tarfile.AREGTYPE: "file",
                tarfile.DIRTYPE: "dir",
                tarfile.SYMTYPE: "symlink",
                tarfile.LNKTYPE: "hardlink",
            }.get(item.type, "file" if item.isreg() else "device or other special file")
            yield _Member(
                item.name,
                kind,
                bool(item.mode & 0o100),
                item.size,
                int(item.mtime),
                item.linkname,
                lambda item=item: tar.extractfile(item),  # type: ignore[misc]
            )
        while tar.fileobj.read(1 << 20):
            pass  # gzip's checksum stands at the end, which tarfile does not read


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as file:
        for item in file.infolist():
            mode = item.external_attr >> 16
            kind = "dir" if item.is_dir() else "symlink" if stat.S_ISLNK(mode) else "file"
            target = file.open(item).read(_MAX_TARGET).decode() if kind == "symlink" else ""
            yield _Member(
                item.filename,
                kind,
                bool(mode & 0o100),
                item.file_size,
                _zip_time(*item.date_time),
                target,
                lambda item=item: file.open(item),  # type: ignore[misc]
            )


def _zip_time(year: int, month: int, *rest: int) -> int:
    """A zip entry's time as if it were UTC (zip knows no zone); some tools write month 0."""
    return calendar.timegm((year, min(max(month, 1), 12), *rest, 0, 0, 0))


class _Writer:
    """Writes members below one root and refuses what would leave it."""

    def __init__(self, archive: Path, root: Path, strip: int) -> None:
        self._archive = archive
        self._root = root
        self._strip = strip
        self.entries = 0
        self._bytes = 0
        self._links: list[tuple[Path, _Member]] = []
        self._now = int(time.time())

    def write(self, member: _Member) -> None:
        name = self._inside(member.name, member)
        if not name:
            return
        self.entries += 1
        self._bytes += member.size
        if self.entries > MAX_ENTRIES or self._bytes > MAX_BYTES:
            self._refuse(member, "makes the archive larger than any source tree")
        path = self._root / name
        if member.kind == "dir":
            self._folder(path, member)
            return
        self._folder(path.parent, member)
        if path.is_symlink() or path.is_file():
            path.unlink()  # tar archives may hold a name twice: the last one counts
        match member.kind:
            case "file":
                self._file(path, member)
            case "symlink":
                self._symlink(path, member)
            case "hardlink":
                self._hardlink(path, member)
            case _:
                self._refuse(member, f"is a {member.kind}")

    def finish(self) -> None:
        """Look at every link again: a later one may have changed where an earlier one leads."""
        for path, member in self._links:
            if path.is_symlink() and not self._is_inside(path):
                self._refuse(member, f"links outside the archive (to '{member.target}')")

    def _is_inside(self, path: Path) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(self._root)  # resolve() fails on loops

    def _inside(self, name: str, member: _Member) -> str:
        if name.startswith("/") or "\\" in name or "\0" in name:
            self._refuse(member, "has an absolute or malformed name")
        parts = [part for part in name.split("/") if part not in {"", "."}]
        if ".." in parts:
            self._refuse(member, "leads outside the archive ('..')")
        return "/".join(parts[self._strip :])

    def _folder(self, path: Path, member: _Member) -> None:
        if not self._is_inside(path):
            self._refuse(member, "would be written through a link that leads outside")
        path.mkdir(parents=True, exist_ok=True)

    def _file(self, path: Path, member: _Member) -> None:
        data = member.open()
        if data is None:
            self._refuse(member, "has no content")
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        handle = os.open(path, flags, 0o755 if member.executable else 0o644)
        with data, os.fdopen(handle, "wb") as out:
            shutil.copyfileobj(data, out, 1 << 20)
        moment = max(0, min(member.mtime, self._now))  # make distrusts files from the future
        os.utime(path, (moment, moment))

    def _symlink(self, path: Path, member: _Member) -> None:
        base = posixpath.dirname(path.relative_to(self._root).as_posix())
        joined = posixpath.normpath(posixpath.join(base, member.target))
        if member.target.startswith("/") or joined == ".." or joined.startswith("../"):
            self._refuse(member, f"links outside the archive (to '{member.target}')")
        path.symlink_to(member.target)
        self._links.append((path, member))
        if not self._is_inside(path):
            path.unlink()
            self._refuse(member, f"links outside the archive (to '{member.target}')")

    def _hardlink(self, path: Path, member: _Member) -> None:
        source = self._root / self._inside(member.target, member)
        if source.is_symlink() or not self._is_inside(source):
            self._refuse(member, f"is linked to '{member.target}'")
        if not source.is_file():
            self._refuse(member, f"is linked to '{member.target}', which is not in the archive")
        shutil.copy2(source, path)

    def _refuse(self, member: _Member, why: str) -> None:
        raise InputError(
            f"the archive's entry '{member.name}' {why}",
            where=str(self._archive),
            remedy="do not trust this archive; check where it came from and its digest",
        )

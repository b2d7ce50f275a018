"""Unpacks source archives from elsewhere: nothing is written outside the destination, ever.

Refused: absolute names, `..`, backslashes and control characters, links that lead outside, devices,
sockets and pipes, sparse files, and archives larger than a source tree can be. Modes are reduced to
0644 or 0755; owners are ignored; times are kept, since make rebuilds (and autotools regenerates)
what looks older than what it came from.
"""

from __future__ import annotations

import errno
import os
import posixpath
import shutil
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

from wheelforge.archive import tars, zips
from wheelforge.archive.member import name_fault
from wheelforge.errors import InputError
from wheelforge.untrusted import most, named
from wheelforge.untrusted.limits import ARCHIVE_BYTES, ARCHIVE_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.archive.member import Member

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
    except (*tars.DAMAGE, *zips.DAMAGE, OSError) as error:
        if isinstance(error, OSError) and error.errno not in {None, *_NONSENSE}:
            raise
        raise InputError(
            f"the archive cannot be read: {error}",
            where=str(archive),
            remedy="fetch it again, or correct its digest in the recipe",
        ) from error
    if not writer.entries:
        raise InputError(
            f"nothing is in the archive below {strip} leading folder(s)",
            where=str(archive),
            remedy="correct source.strip in the recipe",
        )


def _members(archive: Path) -> Iterator[Member]:
    with archive.open("rb") as file:  # zipfile.is_zipfile also takes a tar that ends with a zip
        is_zip = file.read(4) in {b"PK\3\4", b"PK\5\6"}
    return zips.members(archive) if is_zip else tars.members(archive)


class _Writer:
    """Writes members below one root and refuses what would leave it."""

    def __init__(self, archive: Path, root: Path, strip: int) -> None:
        self._archive = archive
        self._root = root
        self._strip = strip
        self.entries = 0
        self._seen = 0
        self._most_entries = most(ARCHIVE_ENTRIES)
        self._left = most(ARCHIVE_BYTES)
        self._links: list[tuple[Path, Member]] = []
        self._vetted: set[Path] = set()  # folders that are there, inside, until a link changes
        self._now = int(time.time())

    def write(self, member: Member) -> None:
        self._seen += 1
        if self._seen > self._most_entries:
            raise ARCHIVE_ENTRIES.exceeded("it is", where=str(self._archive))
        self._count(member.size)
        name = self._inside(member.name, member)
        if not name:
            return
        self.entries += 1
        path = self._root / name
        if member.kind == "dir":
            self._folder(path, member)
            return
        self._folder(path.parent, member)
        if _stands_there(path):
            path.unlink()  # tar archives may hold a name twice: the last one counts
            self._vetted.clear()
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
                self._refuse(member, f"links outside the archive (to '{named(member.target)}')")

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise ARCHIVE_BYTES.exceeded("unpacked it is", where=str(self._archive))

    def _is_inside(self, path: Path) -> bool:
        return Path(os.path.realpath(path)).is_relative_to(self._root)  # resolve() fails on loops

    def _inside(self, name: str, member: Member) -> str:
        if fault := name_fault(name):
            self._refuse(member, fault)
        parts = [part for part in name.split("/") if part not in {"", "."}]
        return "/".join(parts[self._strip :])

    def _folder(self, path: Path, member: Member) -> None:
        if path in self._vetted:
            return
        if not self._is_inside(path):
            self._refuse(member, "would be written through a link that leads outside")
        path.mkdir(parents=True, exist_ok=True)
        self._vetted.add(path)

    def _file(self, path: Path, member: Member) -> None:
        data = member.open()
        if data is None:
            self._refuse(member, "has no content")
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        handle = os.open(path, flags, 0o755 if member.executable else 0o644)
        with data, os.fdopen(handle, "wb") as out:
            shutil.copyfileobj(data, out, 1 << 16)
            if out.tell() != member.size:
                self._refuse(member, f"holds {out.tell()} bytes and says {member.size}")
        moment = max(0, min(member.mtime, self._now))  # make distrusts files from the future
        os.utime(path, (moment, moment))

    def _symlink(self, path: Path, member: Member) -> None:
        base = posixpath.dirname(path.relative_to(self._root).as_posix())
        joined = posixpath.normpath(posixpath.join(base, member.target))
        if member.target.startswith("/") or joined == ".." or joined.startswith("../"):
            self._refuse(member, f"links outside the archive (to '{named(member.target)}')")
        path.symlink_to(member.target)
        self._vetted.clear()
        self._links.append((path, member))
        if not self._is_inside(path):
            path.unlink()
            self._refuse(member, f"links outside the archive (to '{named(member.target)}')")

    def _hardlink(self, path: Path, member: Member) -> None:
        source = self._root / self._inside(member.target, member)
        if source.is_symlink() or not self._is_inside(source):
            self._refuse(member, f"is linked to '{named(member.target)}'")
        if not source.is_file():
            self._refuse(
                member, f"is linked to '{named(member.target)}', which is not in the archive"
            )
        self._count(source.stat().st_size)  # a copy, so that a patch changes the one only
        shutil.copy2(source, path)

    def _refuse(self, member: Member, why: str) -> None:
        raise InputError(
            f"the archive's entry '{named(member.name)}' {why}",
            where=str(self._archive),
            remedy="do not trust this archive; check where it came from and its digest",
        )


def _stands_there(path: Path) -> bool:
    """Whether a file or a link is there."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return False
    return stat.S_ISLNK(mode) or stat.S_ISREG(mode)

"""Opens zip files whose table of contents is held against what is in them.

A zip file says everything twice: once before each entry and once in the table at its end. Readers
believe the one or the other, and where the two differ two readers see different files.
"""

from __future__ import annotations

import calendar
import errno
import os
import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from wheelforge.archive.member import Member, name_fault
from wheelforge.errors import InputError
from wheelforge.untrusted import most, named
from wheelforge.untrusted.limits import ARCHIVE_BYTES, ARCHIVE_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wheelforge.untrusted import Limit

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,  # bz2 says OSError, without a number
    EOFError,
    ValueError,
    struct.error,
    RuntimeError,  # zipfile's word for encrypted entries, and for unknown compressions
    OverflowError,
)
_LOCAL = struct.Struct("<4s2xHH8xLLHH")
_END, _END64 = struct.Struct("<4s4xHHLLH"), struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_ENTRY = 128  # bytes of the table for an entry; they are 46 and the name
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
_TO_COME, _UTF8 = 8, 0x800  # flags: sizes follow the data; the name is UTF-8
_SEEN_LATER = 0xFFFFFFFF  # the size stands in the extra field
_MAX_TARGET = 4096  # PATH_MAX; a longer link is no link but an attack on memory


@contextmanager
def opened(
    path: Path, entries: Limit, unpacked: Limit, damaged: str = "the archive cannot be read"
) -> Iterator[zipfile.ZipFile]:
    """A zip file that holds no name twice or outside of itself, and no byte in two entries.

    InputError where it does, or where it has more `entries`, or more bytes `unpacked`, than these
    limits allow, and where it is `damaged`, also in what is read from it meanwhile.
    """
    with path.open("rb") as file:
        try:
            if _table_size(file) > most(entries) * _ENTRY:
                raise entries.exceeded("its table of contents is", where=str(path))
            with _opened(file) as archive:
                _vet(archive, file, path, entries, unpacked)
                yield archive
        except (*DAMAGE, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise InputError(
                f"{damaged}: {error}", where=str(path), remedy="copy or fetch it again"
            ) from error


def _opened(file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # it went to a place that no file has
        raise zipfile.BadZipFile("its table of contents is nowhere in the file") from error


def members(path: Path) -> Iterator[Member]:
    """The entries of a source archive."""
    with opened(path, ARCHIVE_ENTRIES, ARCHIVE_BYTES) as file:
        for item in file.infolist():
            mode = item.external_attr >> 16
            kind = "dir" if item.is_dir() else "symlink" if stat.S_ISLNK(mode) else "file"
            target = file.open(item).read(_MAX_TARGET).decode() if kind == "symlink" else ""
            yield Member(
                item.filename,
                kind,
                bool(mode & 0o100),
                item.file_size,
                _time(*item.date_time),
                target,
                lambda item=item: file.open(item),  # type: ignore[misc]
            )


def _time(year: int, month: int, *rest: int) -> int:
    """An entry's time as if it were UTC (zip knows no zone); some tools write month 0."""
    return calendar.timegm((year, min(max(month, 1), 12), *rest, 0, 0, 0))


def _vet(
    archive: zipfile.ZipFile, file: IO[bytes], path: Path, entries: Limit, unpacked: Limit
) -> None:
    items = archive.infolist()
    if len(items) > most(entries):
        raise entries.exceeded("it is", where=str(path))
    if sum(item.file_size for item in items) > most(unpacked):
        raise unpacked.exceeded("unpacked it is", where=str(path))
    seen: set[str] = set()
    for item in items:
        if fault := _fault(item, seen, archive.start_dir):
            raise _refused(path, item, fault)
        seen.add(item.filename)
    ordered = sorted(items, key=lambda item: item.header_offset)
    ends = [_end(item, file.fileno(), path) for item in ordered]
    starts = [*(item.header_offset for item in ordered), archive.start_dir][1:]
    for item, end, start in zip(ordered, ends, starts, strict=True):
        if end > start:
            raise _refused(path, item, "lies over what follows it")


def _fault(item: zipfile.ZipInfo, seen: set[str], end: int) -> str:
    # zipfile ends a name at a NUL, and takes another one from an extra field
    if fault := name_fault(item.orig_filename) or name_fault(item.filename):
        return fault
    if item.filename in seen:
        return "is there twice"
    if item.flag_bits & 1:
        return "is encrypted"
    if item.compress_type not in _METHODS:  # LZMA's dictionary may ask for 4 GiB of memory
        return "is packed by a method that is not unpacked here: pack it again, by deflate"
    if not item.filename:  # Python 3.11 cannot say whether that is a folder
        return "has no name"
    return "" if 0 <= item.header_offset < end else "is nowhere in the file"


def _end(item: zipfile.ZipInfo, file: int, path: Path) -> int:
    """Where an entry's data ends, by its own header; that has to say what the table says."""
    head = os.pread(file, _LOCAL.size, item.header_offset)
    signature, flags, method, packed, size, name_size, extra = _LOCAL.unpack(head)
    name = os.pread(file, name_size, item.header_offset + _LOCAL.size)
    own = item.orig_filename.encode("utf-8" if item.flag_bits & _UTF8 else "cp437")
    sizes = {(packed, size)} - {(_SEEN_LATER, _SEEN_LATER)}
    if flags & _TO_COME:
        sizes -= {(0, 0)}
    if (
        signature != b"PK\3\4"
        or name != own
        or method != item.compress_type
        or flags & 1
        or sizes - {(item.compress_size, item.file_size)}
    ):
        raise _refused(path, item, "is not what the table of contents says")
    return int(item.header_offset + _LOCAL.size + name_size + extra + item.compress_size)


def _table_size(file: IO[bytes]) -> int:
    """Bytes of the table of contents, before zipfile makes objects of it."""
    length = file.seek(0, os.SEEK_END)
    tail = os.pread(file.fileno(), _END.size + (1 << 16), max(0, length - _END.size - (1 << 16)))
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile("it does not end as a zip file")
    size = int(_END.unpack_from(tail, at)[3])
    before = length - len(tail) + at - _LOCATOR.size
    locator = os.pread(file.fileno(), _LOCATOR.size, before) if before >= 0 else b""
    if locator.startswith(b"PK\6\7"):
        end = os.pread(file.fileno(), _END64.size, max(0, before - _END64.size))
        size = max(size if size != _SEEN_LATER else 0, int(_END64.unpack(end)[8]))
    return size


def _refused(path: Path, item: zipfile.ZipInfo, why: str) -> InputError:
    return InputError(
        f"the archive's entry '{named(item.orig_filename)}' {why}",
        where=str(path),
        remedy="do not trust this archive; check where it came from and its digest",
    )

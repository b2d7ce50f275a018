"""Packs a finished wheel so that the same contents are the same bytes, wherever it was made.

What zip files say beside contents comes from the tools that wrote them, and from the umask, the
clock and the folders they ran in: the order of entries, times, modes, folders as entries. Members
keep their compressed bytes: to compress torch's again would take a minute.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import struct
import zipfile
from typing import IO, TYPE_CHECKING, NamedTuple

from wheelforge import atomic, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LAYOUT = "1"  # goes into keys: another number where the same contents become other bytes
DATE = (1980, 1, 2, 0, 0, 0)  # SOURCE_DATE_EPOCH of every build
_LOCAL = struct.Struct("<26xHH")  # of an entry's own header: the lengths of its name, its extra
_UNIX, _FILE, _PROGRAM = 3, 0o100644, 0o100755
_TEXT = ".py"  # numpy and scipy keep what they were built with in a module
_SIGNATURES = (".dist-info/RECORD.jws", ".dist-info/RECORD.p7s")  # of a RECORD that is written anew


class _Change(NamedTuple):
    """What became of a member whose text named a folder of the build, and its row in RECORD."""

    data: bytes
    row: tuple[str, str]


def pack(path: Path, forget: Mapping[bytes, bytes]) -> None:
    """Write the wheel anew in its place: entries sorted, one time, two modes, no folders.

    In the texts of Python modules the keys of `forget`, folders of the build, become its values.
    """
    with wheel.opened(path) as file, path.open("rb") as raw, atomic.new_file(path) as (out, part):
        items = sorted(
            (item for item in file.infolist() if _kept(item)), key=lambda item: _rank(item.filename)
        )
        changes = dict(_changes(file, items, forget))
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for item in items:
                if item.filename.endswith(".dist-info/RECORD"):
                    packed.writestr(_header(item), _record(file.read(item), changes))
                elif change := changes.get(item.filename):
                    packed.writestr(_header(item), change.data)
                else:
                    _copy(raw, item, packed)
        atomic.finish(out, part)
        part.replace(path)


def _kept(item: zipfile.ZipInfo) -> bool:
    return not item.is_dir() and not item.filename.endswith(_SIGNATURES)


def _rank(name: str) -> tuple[bool, bool, str]:
    """By name, metadata last (PEP 427 asks for that), RECORD as the last of all."""
    return ".dist-info/" in name, name.endswith(".dist-info/RECORD"), name


def _changes(
    file: zipfile.ZipFile, items: list[zipfile.ZipInfo], forget: Mapping[bytes, bytes]
) -> Iterator[tuple[str, _Change]]:
    for item in items:
        if not item.filename.endswith(_TEXT):
            continue
        before = after = file.read(item)
        for old in sorted(forget, key=len, reverse=True):
            after = after.replace(old, forget[old])
        if after != before:
            sha256 = base64.urlsafe_b64encode(hashlib.sha256(after).digest()).rstrip(b"=").decode()
            yield item.filename, _Change(after, (f"sha256={sha256}", str(len(after))))


def _record(before: bytes, changes: Mapping[str, _Change]) -> bytes:
    rows = [row for row in csv.reader(io.StringIO(before.decode())) if row]
    kept = [row for row in rows if not row[0].endswith(_SIGNATURES)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for row in sorted(kept, key=lambda row: _rank(row[0])):
        change = changes.get(row[0])
        writer.writerow([row[0], *change.row] if change else row)
    return out.getvalue().encode()


def _header(item: zipfile.ZipInfo) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(item.filename, DATE)
    made.create_system = _UNIX
    made.external_attr = (_PROGRAM if item.external_attr >> 16 & 0o100 else _FILE) << 16
    made.compress_type = zipfile.ZIP_DEFLATED
    return made


def _copy(raw: IO[bytes], item: zipfile.ZipInfo, packed: zipfile.ZipFile) -> None:
    """Put a member into another archive as it is; zipfile itself would compress it again."""
    made = _header(item)
    made.compress_type, made.CRC = item.compress_type, item.CRC
    made.compress_size, made.file_size = item.compress_size, item.file_size
    out = packed.fp
    assert out is not None  # noqa: S101 - it is open
    made.header_offset = out.tell()
    out.write(made.FileHeader())
    raw.seek(item.header_offset)
    raw.seek(sum(_LOCAL.unpack(raw.read(_LOCAL.size))), io.SEEK_CUR)
    _copy_bytes(raw, out, item.compress_size)
    packed.filelist.append(made)
    packed.NameToInfo[made.filename] = made
    packed.start_dir = out.tell()  # where the next goes, and at the end the table of contents


def _copy_bytes(source: IO[bytes], out: IO[bytes], size: int) -> None:
    while size and (data := source.read(min(size, 1 << 20))):
        out.write(data)
        size -= len(data)

"""Puts a file into a wheel's .dist-info; what is there already is copied as it is, compressed."""

from __future__ import annotations

import base64
import csv
import io
import os
import stat
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from wheelforge import atomic, digest, wheel
from wheelforge.errors import RejectedError

_LOCAL = 30  # bytes of an entry's own header, before its name
_CHUNK = 1 << 20


def record_of(path: Path) -> dict[str, str]:
    """The SHA-256 of a wheel's files, as its RECORD says; empty where it says none."""
    with wheel.opened(path) as file:
        rows = _rows(file.read(_record_name(file, path)).decode())
    return {name: _hexadecimal(said) for name, said in rows}


def enclose(path: Path, name: str, data: bytes, epoch: int) -> None:
    """Add `name` below the .dist-info folder to the wheel at `path`, and to its RECORD.

    In place of a file of that name. `epoch` is the time of both, in seconds since 1970. The wheel
    appears whole or stays as it was.
    """
    with wheel.opened(path) as old, atomic.new_file(path) as (out, part):
        record = _record_name(old, path)
        whole = f"{record.removesuffix('RECORD')}{name}"
        text = old.read(record).decode()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for item in old.infolist():
                if item.filename not in {record, whole}:
                    _copy(old, item, new)
            for member, content in (
                (whole, data),
                (record, _with_row(text, record, whole, data).encode()),
            ):
                new.writestr(_entry(member, epoch), content)
        atomic.finish(out, part)
        part.replace(path)
    atomic.sync_dir(path.parent)


def _copy(old: zipfile.ZipFile, item: zipfile.ZipInfo, new: zipfile.ZipFile) -> None:
    """Copy an entry without unpacking it: a torch is compressed for many seconds."""
    source, out = _opened(old), _opened(new)
    source.seek(item.header_offset)
    head = source.read(_LOCAL)
    names = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    source.seek(names, os.SEEK_CUR)
    item.header_offset = out.seek(0, os.SEEK_END)
    item.flag_bits &= ~0x08  # the sizes stand in front from now on
    out.write(item.FileHeader())
    left = item.compress_size
    while left:
        chunk = source.read(min(left, _CHUNK))
        if not chunk:
            raise EOFError("the archive ends within an entry")
        out.write(chunk)
        left -= len(chunk)
    new.filelist.append(item)
    new.NameToInfo[item.filename] = item
    new.start_dir = out.tell()


def _opened(file: zipfile.ZipFile) -> IO[bytes]:
    if file.fp is None:
        raise ValueError("the archive is closed")
    return file.fp


def _entry(name: str, epoch: int) -> zipfile.ZipInfo:
    year, month, day, hour, minute, second = time.gmtime(epoch)[:6]
    made = zipfile.ZipInfo(name, (year, month, day, hour, minute, second))
    made.external_attr = (stat.S_IFREG | 0o644) << 16
    made.compress_type = zipfile.ZIP_DEFLATED
    return made


def _record_name(file: zipfile.ZipFile, path: Path) -> str:
    names = [name for name in file.namelist() if _is_record(name)]
    if len(names) != 1:
        raise RejectedError(
            f"it has {len(names)} RECORD files instead of one",
            where=str(path),
            remedy="look at how the recipe's build makes it",
        )
    return names[0]


def _is_record(name: str) -> bool:
    return name.endswith(".dist-info/RECORD") and name.count("/") == 1


def _rows(text: str) -> Iterator[tuple[str, str]]:
    for row in csv.reader(io.StringIO(text)):
        if row:
            yield row[0], row[1] if len(row) > 1 else ""


def _hexadecimal(said: str) -> str:
    kind, _, value = said.partition("=")
    try:
        found = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        return ""
    return found.hex() if kind == "sha256" else ""


def _with_row(text: str, record: str, name: str, data: bytes) -> str:
    """A RECORD with a row more, before its own; the others are as they were."""
    value = base64.urlsafe_b64encode(bytes.fromhex(digest.of_bytes(data))).rstrip(b"=").decode()
    lines = list(io.StringIO(text, newline=""))
    own = {record, name}
    kept = [line for line in lines if next(_rows(line), ("", ""))[0] not in own]
    end = "\r\n" if "\r\n" in text else "\n"
    rows = io.StringIO(newline="")
    writer = csv.writer(rows, lineterminator=end)
    writer.writerow((name, f"sha256={value}", str(len(data))))
    writer.writerow((record, "", ""))
    tail = "" if not kept or kept[-1].endswith("\n") else end
    return "".join(kept) + tail + rows.getvalue()

"""Whether the files in a wheel are those that its RECORD lists."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from wheelforge import wheel
from wheelforge.errors import ForgeError
from wheelforge.untrusted import named

_KINDS = ("sha256", "sha384", "sha512")  # what the specification allows
_UNLISTED = ("RECORD", "RECORD.jws", "RECORD.p7s")
_CHUNK = 1 << 20


def differences(path: Path, *, whole: bool) -> Iterator[str]:
    """What of a wheel is not as its RECORD says; `whole` where every file has to be in it.

    Wheels from elsewhere may lack lines: installers do not mind.
    """
    try:
        with wheel.opened(path) as file:
            yield from _of(file, whole=whole)
    except (ForgeError, UnicodeDecodeError, csv.Error) as error:
        yield f"cannot be read: {getattr(error, 'what', error)}"


def _of(file: zipfile.ZipFile, *, whole: bool) -> Iterator[str]:
    files = {item.filename: item for item in file.infolist() if not item.is_dir()}
    (name,) = (name for name in files if _is_record(name)) if _has_one(files) else ("",)
    if not name:
        yield "has no single RECORD"
        return
    folder = name.removesuffix("RECORD")
    listed = {row[0]: row[1:] for row in csv.reader(io.StringIO(file.read(name).decode())) if row}
    for member in sorted(listed.keys() - files.keys()):
        yield f"{named(member)} is in its RECORD, and not in it"
    for member, item in files.items():
        if member in {f"{folder}{one}" for one in _UNLISTED}:
            continue
        kind, _, value = (listed.get(member) or [""])[0].partition("=")
        if kind not in _KINDS:
            if whole:
                yield f"{named(member)} is not in its RECORD"
        elif _digest(file, item, kind) != value:
            yield f"{named(member)} is not what its RECORD says"


def _has_one(files: dict[str, zipfile.ZipInfo]) -> bool:
    return sum(map(_is_record, files)) == 1


def _is_record(name: str) -> bool:
    return name.endswith(".dist-info/RECORD") and name.count("/") == 1


def _digest(file: zipfile.ZipFile, item: zipfile.ZipInfo, kind: str) -> str:
    found = hashlib.new(kind)
    with file.open(item) as data:
        while chunk := data.read(_CHUNK):
            found.update(chunk)
    return base64.urlsafe_b64encode(found.digest()).rstrip(b"=").decode()

"""Wheel files: names, metadata, what they would install."""

from __future__ import annotations

import zipfile
import zlib
from datetime import UTC, datetime
from email.parser import HeaderParser
from functools import cache
from pathlib import Path
from typing import NamedTuple

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from wheelforge.errors import InputError

# what a wheelhouse holds beside its wheels: the lock twice, and the index
REQUIREMENTS, PYLOCK, SIMPLE = "requirements.lock", "pylock.toml", "simple"
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


class WheelFacts(NamedTuple):
    """A wheel's own word about itself; `metadata` is the METADATA file's bytes.

    `name` and `version` are normalized, `project` is the name as its authors write it. `packed` is
    the time of the newest file inside, in UTC (wheels built here: SOURCE_DATE_EPOCH), or empty.
    """

    name: str
    version: str
    tags: tuple[str, ...]
    requires_python: str
    requires: tuple[str, ...]
    metadata: bytes
    files: tuple[str, ...]
    project: str = ""
    packed: str = ""


def read(path: Path) -> WheelFacts:
    """Read a wheel; InputError where it is damaged or its name and metadata disagree."""
    try:
        info = path.stat()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    return _read(path, (info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino))


@cache  # lock, index and checks all ask, and torch's list of files takes a while to read
def _read(path: Path, _stamp: tuple[int, ...]) -> WheelFacts:
    name, version, tags = parse_name(path.name)
    items, metadata = _contents(path)
    headers = HeaderParser().parsestr(metadata.decode("utf-8", "replace"))
    project = headers["Name"] or ""
    if canonicalize_name(project) != name or _normalized(headers["Version"] or "") != version:
        raise InputError(
            f"its name says {name} {version}, its METADATA {headers['Name']} {headers['Version']}",
            where=str(path),
        )
    return WheelFacts(
        name=name,
        version=version,
        tags=tags,
        requires_python=headers["Requires-Python"] or "",
        requires=tuple(headers.get_all("Requires-Dist") or ()),
        metadata=metadata,
        files=tuple(sorted(item.filename for item in items)),
        project=project,
        packed=_newest(items),
    )


def parse_name(name: str) -> tuple[str, str, tuple[str, ...]]:
    """(canonical name, version, tags) of a wheel's file name."""
    try:
        project, version, _, tags = parse_wheel_filename(name)
    except InvalidWheelFilename as error:
        raise InputError("is not a wheel's file name", where=name) from error
    return project, str(version), tuple(sorted(str(tag) for tag in tags))


def _contents(path: Path) -> tuple[list[zipfile.ZipInfo], bytes]:
    try:
        with zipfile.ZipFile(path) as file:
            items = [item for item in file.infolist() if not item.is_dir()]
            inside = [item for item in items if _is_metadata(item.filename)]
            if len(inside) != 1:
                raise InputError("holds no single METADATA file", where=str(path))
            return items, file.read(inside[0])
    except _DAMAGE as error:
        raise InputError(f"is not a wheel: {error}", where=str(path)) from error


def _is_metadata(name: str) -> bool:
    return name.endswith(".dist-info/METADATA") and name.count("/") == 1


def _normalized(version: str) -> str:
    try:
        return str(Version(version))
    except InvalidVersion:
        return version


def _newest(items: list[zipfile.ZipInfo]) -> str:
    latest = max((item.date_time for item in items), default=(0, 0, 0, 0, 0, 0))
    try:
        return datetime(*latest, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:  # a zip may hold month 0
        return ""

"""Wheel files: names, metadata, what they would install."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import Message
from email.parser import HeaderParser
from functools import cache
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from wheelforge import archive
from wheelforge.errors import InputError
from wheelforge.untrusted import most, named, printable
from wheelforge.untrusted.limits import METADATA_BYTES, WHEEL_BYTES, WHEEL_ENTRIES

# what a wheelhouse holds beside its wheels: the lock twice, and the index
REQUIREMENTS, PYLOCK, SIMPLE = "requirements.lock", "pylock.toml", "simple"
# the specification's characters (PEP 427 as of now), and no more than a file system has room for
_FILE = re.compile(r"[A-Za-z0-9_.+!-]{1,251}\.whl")


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
    project, said = _field(headers, "Name", path), _field(headers, "Version", path)
    if canonicalize_name(project) != name or _normalized(said) != version or not project.isascii():
        raise InputError(
            f"its name says {name} {version}, its METADATA {project} {said}", where=str(path)
        )
    return WheelFacts(
        name=name,
        version=version,
        tags=tags,
        requires_python=_field(headers, "Requires-Python", path),
        requires=tuple(_fields(headers, "Requires-Dist", path)),
        metadata=metadata,
        files=tuple(sorted(item.filename for item in items)),
        project=project,
        packed=_newest(items),
    )


def parse_name(name: str) -> tuple[str, str, tuple[str, ...]]:
    """(canonical name, version, tags) of a wheel's file name."""
    try:
        if not _FILE.fullmatch(name):
            raise ValueError(name)  # noqa: TRY301
        project, version, _, tags = parse_wheel_filename(name)
    except ValueError as error:  # also of int(), for numbers of thousands of digits
        raise InputError("is not a wheel's file name", where=named(name)) from error
    return project, str(version), tuple(sorted(str(tag) for tag in tags))


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The wheel as a zip file; InputError where it is damaged, ambiguous or too large."""
    with archive.open_zip(path, WHEEL_ENTRIES, WHEEL_BYTES, "is not a wheel") as file:
        yield file


def _contents(path: Path) -> tuple[list[zipfile.ZipInfo], bytes]:
    with opened(path) as file:
        items = [item for item in file.infolist() if not item.is_dir()]
        inside = [item for item in items if _is_metadata(item.filename)]
        if len(inside) != 1 or len(_infos(items)) != 1:
            raise InputError("holds no single METADATA file", where=str(path))
        if inside[0].file_size > most(METADATA_BYTES):
            raise METADATA_BYTES.exceeded("its METADATA is", where=str(path))
        metadata = file.read(inside[0])
        if len(metadata) != inside[0].file_size:
            raise InputError("its METADATA has another size than it says", where=str(path))
        return items, metadata


def _infos(items: list[zipfile.ZipInfo]) -> set[str]:
    """The .dist-info folders: installers take the first they find, in any case of letters."""
    tops = {item.filename.partition("/")[0] for item in items}
    return {top for top in tops if top.lower().endswith(".dist-info")}


def _fields(headers: Message, name: str, path: Path) -> Iterator[str]:
    """The values of a field, each on one line."""
    for value in headers.get_all(name) or ():
        text = " ".join(str(value).split())
        if printable(text) != text:
            raise InputError(
                f"its METADATA has characters in {name} that nobody can see: {named(text)}",
                where=str(path),
            )
        yield text


def _field(headers: Message, name: str, path: Path) -> str:
    return next(_fields(headers, name, path), "")


def _is_metadata(name: str) -> bool:
    return name.endswith(".dist-info/METADATA") and name.count("/") == 1


def _normalized(version: str) -> str:
    try:
        return str(Version(version))
    except ValueError:
        return version


def _newest(items: list[zipfile.ZipInfo]) -> str:
    latest = max((item.date_time for item in items), default=(0, 0, 0, 0, 0, 0))
    try:
        return datetime(*latest, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:  # a zip may hold month 0
        return ""

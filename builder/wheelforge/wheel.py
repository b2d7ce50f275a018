"""Wheel files: names, metadata, what they would install."""

from __future__ import annotations

import zipfile
from email.parser import HeaderParser
from pathlib import Path  # noqa: TC003 - part of this module's interface
from typing import NamedTuple

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from wheelforge.errors import InputError


class WheelFacts(NamedTuple):
    """A wheel's own word about itself; `metadata` is the METADATA file's bytes."""

    name: str
    version: str
    tags: tuple[str, ...]
    requires_python: str
    requires: tuple[str, ...]
    metadata: bytes
    files: tuple[str, ...]


def read(path: Path) -> WheelFacts:
    """Read a wheel; InputError where it is damaged or its name and metadata disagree."""
    name, version, tags = parse_name(path.name)
    try:
        with zipfile.ZipFile(path) as file:
            files = tuple(sorted(item.filename for item in file.infolist() if not item.is_dir()))
            inside = [item for item in files if item.endswith(".dist-info/METADATA")
                      and item.count("/") == 1]
            if len(inside) != 1:
                raise InputError("holds no single METADATA file", where=str(path))
            metadata = file.read(inside[0])
    except zipfile.BadZipFile as error:
        raise InputError(f"is not a wheel: {error}", where=str(path)) from error
    headers = HeaderParser().parsestr(metadata.decode("utf-8", "replace"))
    if canonicalize_name(headers["Name"] or "") != name or (headers["Version"] or "") != version:
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
        files=files,
    )


def parse_name(name: str) -> tuple[str, str, tuple[str, ...]]:
    """(canonical name, version, tags) of a wheel's file name."""
    try:
        project, version, _, tags = parse_wheel_filename(name)
    except InvalidWheelFilename as error:
        raise InputError("is not a wheel's file name", where=name) from error
    return project, str(version), tuple(sorted(str(tag) for tag in tags))

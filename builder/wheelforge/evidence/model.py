"""Evidence as it is kept and told."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import msgspec

from wheelforge.errors import InputError

SCHEMA = 1
_LEVEL = 6


class Compile(msgspec.Struct, frozen=True, array_like=True):
    """One source as it was compiled last; paths begin with `@{src}`, `@{work}`, `@{dep.NAME}` …

    `language` is c, c++, fortran, asm or other. Files of options (`@FILE`) are read into `argv`.
    """

    source: str
    output: str
    language: str
    cwd: str
    argv: tuple[str, ...]

    @property
    def near(self) -> str:
        """The source as people and recipes name it."""
        return _near(self.source)


class Setting(msgspec.Struct, frozen=True, array_like=True):
    """One variable of a CMakeCache.txt: its type (BOOL, PATH, INTERNAL …) and value."""

    kind: str
    value: str


class Cache(msgspec.Struct, frozen=True, array_like=True):
    """A CMakeCache.txt that a build left."""

    path: str
    settings: dict[str, Setting]

    @property
    def near(self) -> str:
        """Where it is, as people and recipes name it."""
        return _near(self.path)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a build; `missing` says why there are no commands, where there are none."""

    commands: tuple[Compile, ...] = ()
    missing: str = ""
    caches: tuple[Cache, ...] = ()
    schema: int = SCHEMA


def _near(path: str) -> str:
    """A path below the source tree, or below the work folder: build/x.c."""
    return path.removeprefix("@{src}/").removeprefix("@{work}/").replace("@{build}/", "build/", 1)


def encode(evidence: Evidence) -> bytes:
    """The same bytes for the same evidence; commands are alike, so they become small."""
    return gzip.compress(msgspec.json.encode(evidence), _LEVEL, mtime=0)


def decode(data: bytes, where: str) -> Evidence:
    """Evidence that was kept; InputError where it cannot be read."""
    try:
        found = msgspec.json.decode(gzip.decompress(data), type=Evidence)
    except (OSError, EOFError, zlib.error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"it cannot be read: {error}", where=where) from error
    if found.schema != SCHEMA:
        raise InputError("another version of wheelforge kept it", where=where)
    return found


def told(evidence: Evidence) -> list[dict[str, Any]]:
    """The commands as in compile_commands.json."""
    return [
        {
            "directory": item.cwd,
            "file": item.source,
            "arguments": item.argv,
            "output": item.output,
        }
        for item in evidence.commands
    ]

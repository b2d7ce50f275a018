"""Gathers the evidence of a work folder when its build ends."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from wheelforge.evidence import commands
from wheelforge.evidence.model import Cache, Compile, Evidence, Setting
from wheelforge.invocation import legible

_CACHE = "CMakeCache.txt"
_TREES = ("src", "build")
_DULL = {"CMakeFiles", ".git"}  # folders in which no project is configured, only trials
_SETTING = re.compile(r'^(?:"([^"]+)"|([^:="#/][^:=]*)):([A-Z]+)=(.*)$')
_OF_OTHERS = ("-ADVANCED", "-MODIFIED", "-STRINGS")  # what CMake notes of another variable
_ENDS = r"(?=$|[^\w.+~-])"

Placed = Callable[[str], str]


def gather(work: Path, places: Mapping[str, str], *, gated: bool) -> Evidence:
    """Read what the gates wrote and what CMake left; `places` are the folders to be named."""
    placed = _placing({"work": str(work), **places})
    found = commands.read(work)
    missing = ""
    if found is None:
        missing = (
            "it was begun by a wheelforge that kept no commands, or without a gate"
            if gated
            else "no gate stood before its compilers"
        )
    return Evidence(
        commands=tuple(sorted((_named(item, placed) for item in found or ()), key=_order)),
        missing=missing,
        caches=tuple(_caches(work, placed)),
    )


def _order(item: Compile) -> tuple[str, str]:
    return item.output, item.source


def _placing(places: Mapping[str, str]) -> Placed:
    """Puts `@{NAME}` in place of folders that differ from machine to machine and run to run."""
    names: dict[str, str] = {}
    for name, path in places.items():
        for spelt in (path, os.path.realpath(path)) if path else ():
            names.setdefault(spelt, f"@{{{name}}}")
    longest = sorted(names, key=len, reverse=True)
    pattern = re.compile("|".join(re.escape(path) + _ENDS for path in longest))
    return lambda text: pattern.sub(lambda match: names[match[0]], text)


def _named(item: Compile, placed: Placed) -> Compile:
    words = placed("\0".join((item.source, item.output, item.cwd, *item.argv))).split("\0")
    source, output, cwd, *argv = words
    return Compile(source, output, item.language, cwd, tuple(argv))


def _caches(work: Path, placed: Placed) -> Iterator[Cache]:
    for tree in _TREES:
        for folder, folders, files in os.walk(work / tree):
            folders[:] = sorted(name for name in folders if name not in _DULL)
            path = Path(folder, _CACHE)
            if _CACHE in files and path.is_file():
                text = placed(legible(path.read_text(errors="surrogateescape")))
                yield Cache(placed(legible(str(path))), dict(_settings(text)))


def _settings(text: str) -> Iterator[tuple[str, Setting]]:
    for line in text.splitlines():
        if (match := _SETTING.match(line)) is None:
            continue
        quoted, plain, kind, value = match.groups()
        name = quoted or plain
        if value[:1] == value[-1:] == "'" and len(value) > 1:  # spaces at an end
            value = value[1:-1]
        if not (kind == "INTERNAL" and name.endswith(_OF_OTHERS)):
            yield name, Setting(kind, value)

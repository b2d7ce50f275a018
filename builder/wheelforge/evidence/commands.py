"""The list of compiles that gates write while a work folder is built in (gate.c says how).

Whoever enters a work folder a second time goes on with the list of the first: of several compiles
with one output the last counts, and none of those that failed or whose output was removed.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from wheelforge.evidence.model import Compile
from wheelforge.invocation import absolute, files, language, legible, named_after, trial

LIST = "commands"
_JOURNAL = "units"  # what says that something was compiled here already
_SCRATCH = "tmp"  # TMPDIR: what is compiled from there, somebody wanted to know something
_HEAD = 3  # mark, token, folder
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TOLD_LANGUAGES = {
    "c": "c", "c++": "c++", "cuda": "c++", "f77": "fortran", "f95": "fortran",
    "f77-cpp-input": "fortran", "f95-cpp-input": "fortran", "assembler": "asm",
    "assembler-with-cpp": "asm",
}  # fmt: skip


class _Line(NamedTuple):
    mark: str
    token: str
    cwd: str
    argv: list[str]


def begin(work: Path) -> None:
    """Start the list, unless something was compiled here of which there is none."""
    if not (work / _JOURNAL).exists():
        (work / LIST).touch()


def spoil(work: Path) -> None:
    """Something is compiled here without a gate: from now on there is no list of all of it."""
    (work / _JOURNAL).mkdir(exist_ok=True)
    (work / LIST).unlink(missing_ok=True)


def forget(work: Path, outputs: Iterable[str]) -> None:
    """These outputs were removed: what made them does not count."""
    names = map(_escaped, map(os.fsencode, outputs))
    lines = b"".join(b"\n-\0\0\0" + name + b"\0\n" for name in names)
    if lines and (work / LIST).exists():
        with (work / LIST).open("ab") as file:
            file.write(lines)


def read(work: Path) -> list[Compile] | None:
    """What was compiled, with paths as they are; None where there is no list."""
    try:
        data = (work / LIST).read_bytes()
    except OSError:
        return None
    found: dict[tuple[str, str], Compile] = {}
    given: dict[str, set[tuple[str, str]]] = {}  # to ccache, by token
    for line in _lines(data):
        if line.mark == "-":
            for key in [key for key in found if key[0] == line.argv[0]]:
                del found[key]
        elif line.mark == "!":
            for key in given.pop(line.token, ()):
                found.pop(key, None)
        else:
            compiles = _compiles(line, work)
            found |= compiles
            if line.mark == "?":
                given[line.token] = set(compiles)
    return list(found.values())


def _lines(data: bytes) -> Iterator[_Line]:
    """Every whole line; a gate that was killed may have left half of one."""
    for text in data.split(b"\n"):
        *fields, end = os.fsdecode(text).split("\0")
        if len(fields) > _HEAD and not end:
            if "\\" in text.decode("latin-1"):
                fields = [_ESCAPED.sub(_unescaped, field) for field in fields]
            yield _Line(fields[0], fields[1], fields[2], fields[_HEAD:])


def _escaped(text: bytes) -> bytes:
    return text.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]


def _compiles(line: _Line, work: Path) -> dict[tuple[str, str], Compile]:
    """Each source of a command line, by its output and itself; nothing for what is tried out."""
    argv = list(_opened(line))
    inputs, output = files(argv)
    told = _told_language(argv)
    linked = not {"-c", "-S"}.intersection(argv)
    found = {}
    for name in inputs:
        written_in = told or language(name)
        if linked and written_in == "other":  # an object, or a library
            continue
        source = absolute(name, line.cwd)
        made = absolute(output or named_after(name, argv) or "a.out", line.cwd)
        tried = trial(source, made) or Path(source).is_relative_to(work / _SCRATCH)
        if tried or "-fsyntax-only" in argv:
            continue
        words = tuple(map(legible, argv))
        several = source if len(inputs) > 1 else ""
        found[made, several] = Compile(
            legible(source), legible(made), written_in, legible(line.cwd), words
        )
    return found


def _opened(line: _Line) -> Iterator[str]:
    """The words of a command line, with those that it has in files."""
    for word in line.argv:
        if word.startswith("@") and len(word) > 1:
            with suppress(OSError, ValueError):
                text = Path(line.cwd, word[1:]).read_text(errors="surrogateescape")
                yield from shlex.split(text)
                continue
        yield word


def _told_language(argv: list[str]) -> str:
    """What `-x` says of all that comes after it; "" where it says nothing."""
    with suppress(ValueError, IndexError):
        return _TOLD_LANGUAGES.get(argv[argv.index("-x") + 1], "")
    return ""

"""Checks in bash: of files, and Python's with what a library has to say while they run."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from wheelforge.recipe import (
    Check,
    CMakeCheck,
    CommandsCheck,
    ElfCheck,
    FileCheck,
    Primitives,
    PythonCheck,
)
from wheelforge.shell.words import glob

# the same lines as wheelforge.primitives reads
FUNCTION = r"""
ran() {{ # ran FILE [PRIMITIVE]: the implementations that oneDNN's lines in a file name
  sed -nE 's/^\w+_verbose,([[:alnum:]_.]+,){{0,3}}exec,[^,]+,([^,]+),([^,]+),.*/\2 \3/p' "$1" |
    if [ $# = 1 ]; then cut -d" " -f2; else sed -n "s/^$2 //p"; fi
}}
"""


def file_check(item: Check, folder: str) -> Iterator[str]:
    """A check of files below a folder; a comment for what only wheelforge itself can check."""
    match item:
        case FileCheck():
            yield f'set -- "{folder}"/{glob(item.path)}; [ $# = {item.count} ]'
        case ElfCheck():
            yield from _elf_check(item, folder)
        case CommandsCheck():
            yield "# not checked here: what every compiler was told"
        case CMakeCheck():
            yield "# not checked here: " + " ".join(["CMakeCache.txt has", *item.cache])
        case PythonCheck():
            return


def _elf_check(item: ElfCheck, folder: str) -> Iterator[str]:
    yield f'for file in "{folder}"/{glob(item.path)}; do'
    for text in item.contains:
        yield f'  grep -aqF -e {shlex.quote(text)} "$file"'
    for text in item.needed:
        yield f'  readelf -d "$file" | grep -qF -e {shlex.quote(text)}'
    if item.min_alignment:
        yield f'  aligned "$file" {item.min_alignment}'
    yield '  readelf -h "$file" > /dev/null\ndone'


def python_check(item: PythonCheck, start: str) -> Iterator[str]:
    """The check's code run by `start`; then its lines are held against what it wants."""
    code = f"-I -c {shlex.quote(item.code)}"
    if item.primitives is None:
        yield f"({start} {code})"
        return
    yield f'(export {item.primitives.variable}=1; {start} {code}) | tee "$work/told"'
    yield from _primitives(item.primitives)


def _primitives(wanted: Primitives) -> Iterator[str]:
    for primitive, allowed in wanted.ran.items():
        yield f'names=$(ran "$work/told" {shlex.quote(primitive)}); [ -n "$names" ]'
        yield f"for name in $names; do case $name in {_any(allowed)}) ;; *) exit 1 ;; esac; done"
    if wanted.refused:
        yield (
            'for name in $(ran "$work/told"); do '
            f"case $name in {_any(wanted.refused)}) exit 1 ;; esac; done"
        )


def _any(globs: Iterable[str]) -> str:
    return "|".join(glob(pattern) for pattern in globs)

"""Python checks in bash, and what a library has to say while they run."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from wheelforge.recipe import Primitives, PythonCheck
from wheelforge.shell.words import glob

# the same lines as wheelforge.primitives reads
FUNCTION = r"""
ran() {{ # ran FILE [PRIMITIVE]: the implementations that oneDNN's lines in a file name
  sed -nE 's/^\w+_verbose,([[:alnum:]_.]+,){{0,3}}exec,[^,]+,([^,]+),([^,]+),.*/\2 \3/p' "$1" |
    if [ $# = 1 ]; then cut -d" " -f2; else sed -n "s/^$2 //p"; fi
}}
"""


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

"""Which implementations a library ran, read from what it prints of itself.

oneDNN prints a line for each primitive it runs, where DNNL_VERBOSE is set (its documentation,
"Verbose Mode"; the fields before `exec` differ: none in 2.x, `primitive` from 3.1, `v1` from 3.4):

    onednn_verbose,v1,primitive,exec,cpu,matmul,brg:sve_512,undef,src_f32::blocked:ab::f0 …
"""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

_LINE = re.compile(
    r"\w{1,40}_verbose,(?:[\w.]{1,20},){0,3}exec,\w{1,20},([\w:-]{1,80}),([^,]{1,200}),"
)


class Run(NamedTuple):
    """One kind of work (matmul, convolution …) and the name of the code that did it."""

    primitive: str
    implementation: str

    def __str__(self) -> str:
        return f"{self.primitive} by {self.implementation}"


def read(line: str) -> Run | None:
    """What a line says was run; None where it says nothing of that."""
    match = _LINE.match(line)
    return Run(*match.groups()) if match else None


def told(runs: Mapping[Run, int]) -> str:
    """What was run and how often, for people."""
    return ", ".join(f"{run} ({count} ×)" for run, count in sorted(runs.items()))


def faults(
    runs: Counter[Run], wanted: Mapping[str, Iterable[str]], refused: Iterable[str]
) -> Iterator[str]:
    """What is wrong with what was run.

    Every primitive of `wanted` was to be run, by code whose name matches one of its globs; and
    nothing at all by code that matches a glob of `refused`.
    """
    refused = tuple(refused)
    for primitive, globs in wanted.items():
        allowed, ran = tuple(globs), [run for run in runs if run.primitive == primitive]
        if not ran:
            yield f"no {primitive} was run" + (f", only {told(runs)}" if runs else " or told of")
        for run in ran:
            if not _matches(run, allowed):
                yield f"{run}, not by {' or '.join(allowed)}"
    yield from (f"{run}, which is refused" for run in runs if _matches(run, refused))


def _matches(run: Run, globs: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(run.implementation, glob) for glob in globs)

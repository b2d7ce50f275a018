"""Reads progress out of what build tools print."""

from __future__ import annotations

import re
from collections.abc import Callable

_NINJA = re.compile(r"\[(\d+)/(\d+)\]")
_PERCENT = re.compile(r"\[\s*(\d+)%\]")
_COMPILER = re.compile(
    r"(?:^|/)(?:[\w.]+-)*(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|gfortran|fcc|FCC)(?:-[\d.]+)?(?= )"
)
_TOLD = re.compile(r"\s*(?:CC|CXX|FC)\s+\S")
_COMPILING = re.compile(r"\s-c\s")


class Meter:
    """Ninja's n/m, CMake's percent, else compiles counted against `expected`, an earlier count.

    `progress` gets units done and units in all (0: not known). `gated`: compiles are told by their
    gates, and need not be guessed from what is printed.
    """

    def __init__(
        self, progress: Callable[[int, int], None], expected: int, *, gated: bool = False
    ) -> None:
        self._progress = progress
        self._expected = expected
        self._gated = gated
        self._told_by_tool = False
        self._told = (-1, 0)
        self.units = 0

    def read(self, line: str) -> None:
        """Look at one line of output."""
        for pattern in (_NINJA, _PERCENT):
            if match := pattern.match(line):
                self._told_by_tool = True
                total = int(match[2]) if pattern is _NINJA else 100
                self._tell(int(match[1]), total)
                return
        if not self._gated and _compiles(line):
            self.unit()

    def unit(self) -> None:
        """A compile has ended."""
        self.units += 1
        if not self._told_by_tool:
            self._tell(self.units, self._expected if self._expected >= self.units else 0)

    def _tell(self, done: int, total: int) -> None:
        if (done, total) != self._told:  # CMake says the same percentage many times
            self._told = (done, total)
            self._progress(done, total)


def _compiles(line: str) -> bool:
    """Whether a compiler is called with -c: in two looks, as one would begin anew at each name."""
    if _TOLD.match(line):
        return True
    found = _COMPILER.search(line)
    return found is not None and _COMPILING.search(line, found.end()) is not None

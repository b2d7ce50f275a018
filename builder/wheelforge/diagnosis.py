"""Finds the line of a build log that says what went wrong first."""

from __future__ import annotations

import re

_CERTAIN = re.compile(
    r"""
      :\ (?:fatal\ )?error:?\ |^error:\ |^ERROR:\ |^fatal:\        # compilers, uv, git
    | undefined\ reference\ to | cannot\ find\ -l | multiple\ definition\ of
    | CMake\ Error | ^scons:\ \*\*\*\ (?!\[|Do\ not)               # build systems' own words
    | ^\w*(?:Error|Exception):\ | ERROR:\ (?!Process)              # Python, meson
    | No\ space\ left\ on\ device | Disk\ quota\ exceeded
    | Killed\ signal|out\ of\ memory | internal\ compiler\ error
    | :\ command\ not\ found | No\ rule\ to\ make\ target
    | does\ not\ apply|FAILED\ at\ \d+ | hunk\ FAILED
    """,
    re.VERBOSE,
)
_PAINT = re.compile(r"\x1b\[[0-9;]*[mK]")  # as of -fdiagnostics-color=always
_LIKELY = re.compile(r"\*\*\*|\berror\b|\bfailed\b|\bcannot\b", re.IGNORECASE)
_FULL_DISK = re.compile(r"No space left on device|Disk quota exceeded")


def plain(line: str) -> str:
    """A line without colours and spaces around it."""
    return _PAINT.sub("", line).strip()


def first_error(lines: list[str]) -> str:
    """The first line that is an error for certain, else a likely one, else the last one.

    Empty lines do not count; "" for a log that says nothing.
    """
    lines = [_PAINT.sub("", line) for line in lines]
    for pattern in (_CERTAIN, _LIKELY):
        for line in lines:
            if pattern.search(line):
                return line.strip()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def disk_full(lines: list[str]) -> bool:
    """True when the log says that a file could not be written for want of space."""
    return any(_FULL_DISK.search(line) for line in lines)

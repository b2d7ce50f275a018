"""Folders of build machines, in text and in constants."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from mmap import mmap

_PLACES = (b"/home/", b"/root/", b"/tmp/", b"/var/tmp/", b"/build/", b"/builddir/", b"/work/",
           b"/workspace/", b"/__w/", b"/scratch/", b"/Users/")  # fmt: skip
_REST = re.compile(rb"[\w.+@-][\w./+@-]{1,300}")
_BEFORE = re.compile(rb"[\w.+@$}/-]")  # then it is the middle of another path
_MOST = 100


def traces(data: bytes | mmap, homes: Sequence[str], start: int = 0, end: int = -1) -> list[str]:
    """At most a hundred paths in folders where builds happen, each once, in order."""
    end = len(data) if end < 0 else end
    found: dict[str, None] = {}
    for place in (*(home.encode() + b"/" for home in homes if home), *_PLACES):
        for text in _of(data, place, start, end):
            found[text] = None
            if len(found) >= _MOST:
                return sorted(found)
    return sorted(found)


def _of(data: bytes | mmap, place: bytes, start: int, end: int) -> Iterator[str]:
    at = data.find(place, start, end)
    while at >= 0:
        match = _REST.match(data, at + len(place), end)
        if match and not (at > start and _BEFORE.match(data, at - 1)):
            yield (place + match[0]).decode("utf-8", "replace")
        at = data.find(place, at + len(place), end)

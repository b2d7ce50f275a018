"""The dynamic segment: what the loader is told to find, where to look, and what to do first."""

from __future__ import annotations

import struct
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from wheelforge.elf.headers import DYNAMIC, LOAD

if TYPE_CHECKING:
    from wheelforge.elf.headers import Headers

NEEDED, SONAME, RPATH, RUNPATH = 1, 14, 15, 29
TEXTREL, BIND_NOW, FLAGS, FLAGS_1 = 22, 24, 30, 0x6FFFFFFB
_NULL, _STRTAB, _STRSZ = 0, 5, 10
_TEXTS = frozenset({NEEDED, SONAME, RPATH, RUNPATH})
_MOST_TAGS, _MOST_TEXT = 1 << 14, 1 << 20


class Tags(NamedTuple):
    """`numbers` by tag, the last of each; `texts` of those tags that are names, in their order."""

    numbers: dict[int, int]
    texts: dict[int, list[str]]


def tags(headers: Headers) -> Tags:
    """The dynamic section as the loader reads it: from the segment, with or without sections."""
    found = [item for item in headers.segments if item.type == DYNAMIC]
    if not found:
        return Tags({}, {})
    layout = struct.Struct(headers.order + ("qQ" if headers.wide else "iI"))
    size = found[0].size // layout.size * layout.size
    if size > _MOST_TAGS * layout.size:
        raise headers.unsound("its dynamic section does not end")
    every = layout.iter_unpack(headers.part(found[0].offset, size))
    rows = list(takewhile(lambda row: row[0] != _NULL, every))
    numbers = dict(rows)
    strings = _loaded(headers, numbers.get(_STRTAB, 0), numbers.get(_STRSZ, 0))
    texts: dict[int, list[str]] = {}
    left = _MOST_TEXT
    for tag, value in rows:
        if tag in _TEXTS:
            end = strings.find(b"\0", value)
            left -= end - value
            if end < 0 or left < 0:
                raise headers.unsound("a name in its dynamic section does not end")
            texts.setdefault(tag, []).append(strings[value:end].decode("utf-8", "replace"))
    return Tags(numbers, texts)


def _loaded(headers: Headers, address: int, size: int) -> bytes:
    """Bytes of the file that are loaded at an address."""
    for item in headers.segments:
        if item.type == LOAD and item.address <= address < item.address + item.size:
            at = address - item.address
            return headers.part(item.offset + at, min(size, item.size - at))
    return b""

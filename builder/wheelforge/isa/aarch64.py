"""Which architecture extension a 32-bit AArch64 word belongs to, for millions of words at a time.

`aarch64.txt` lists the encodings of every extension as (mask, value) pairs. Bits 31 to 10 decide
nearly always (below them are registers), so the pairs become a table with a byte for each of their
four million patterns: a word costs one shift and one look-up.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    Array = np.ndarray[Any, np.dtype[Any]]

BASE = 0  # the code of everything that every AArch64 processor executes, and of data
_BELOW = 255  # in the table: the bits below decide
_HIGH = 22
_LOW = 32 - _HIGH
_CHUNK = 1 << 16  # words: with their table indices they stay in the second-level cache


class Encoding(NamedTuple):
    """The words with `word & mask == value` are of `extension`; `names` says what they are."""

    extension: str
    mask: int
    value: int
    names: str


@cache
def encodings() -> tuple[Encoding, ...]:
    """Every row of aarch64.txt; where rows overlap the later one holds."""
    text = resources.files("wheelforge.isa").joinpath("aarch64.txt").read_text(encoding="utf-8")
    rows = (line.split(maxsplit=3) for line in text.splitlines() if line and line[0] != "#")
    return tuple(
        Encoding(name, int(mask, 16), int(value, 16), names) for name, mask, value, names in rows
    )


@cache
def extensions() -> tuple[str, ...]:
    """The extensions in the order of their codes; the first, without a name, is the base."""
    return ("", *dict.fromkeys(item.extension for item in encodings()))


def classify(words: Array) -> Array:
    """The code (a place in `extensions()`) of each of these words: uint32 in, uint8 out."""
    table, low = _table()
    found = np.empty(len(words), np.uint8)
    for start in range(0, len(words), _CHUNK):
        part = words[start : start + _CHUNK]
        np.take(table, part >> np.uint32(_LOW), out=found[start : start + _CHUNK], mode="clip")
    (places,) = np.nonzero(found == _BELOW)
    rest = words[places]
    codes = np.zeros(len(rest), np.uint8)
    for mask, value, code in low:
        codes[rest & np.uint32(mask) == value] = code
    found[places] = codes
    return found


@cache
def _table() -> tuple[Array, tuple[tuple[int, int, int], ...]]:
    """The code for each pattern of the high bits, and the rows that also ask for lower ones."""
    table = np.zeros(1 << _HIGH, np.uint8)
    low = []
    codes = {name: code for code, name in enumerate(extensions())}
    for item in encodings():
        places = _patterns(item.mask >> _LOW, item.value >> _LOW)
        table[places] = codes[item.extension]
        if item.mask & ((1 << _LOW) - 1):
            table[places] = _BELOW
            low.append((item.mask, item.value, codes[item.extension]))
    return table, tuple(low)


def _patterns(mask: int, value: int) -> Array:
    """Every number of 22 bits with `number & mask == value`."""
    found = np.array([value])
    for bit in range(_HIGH):
        if not mask >> bit & 1:
            found = np.concatenate([found, found | 1 << bit])
    return found

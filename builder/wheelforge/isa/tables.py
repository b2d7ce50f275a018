"""Tables of an ELF file as arrays: functions by address, their names, data among code.

libtorch_cpu has half a million symbols: with a Python object for each, reading them would take
longer than decoding all of its code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from wheelforge.elf.headers import string

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

SYMBOL = np.dtype(
    [("name", "<u4"), ("info", "u1"), ("other", "u1"), ("section", "<u2"), ("value", "<u8"),
     ("size", "<u8")]
)  # fmt: skip
_FUNCTIONS = (2, 10)  # STT_FUNC, STT_GNU_IFUNC
_FILE = 4  # STT_FILE
_DATA, _CODE = b"$d", b"$x"


class Labels:
    """Texts in a string table by their offsets, read when they are asked for.

    ValueError where all that were asked for are many times longer than the table: then they lie
    over each other.
    """

    def __init__(self, strings: bytes, places: Array) -> None:
        self._strings = strings
        self._places = places
        self._left = (1 << 24) + 8 * len(strings)

    def __getitem__(self, number: int) -> str:
        text = string(self._strings, int(self._places[number]))
        self._left -= len(text)
        if self._left < 0:
            raise ValueError("the names of its functions lie over each other")
        return text


@dataclass(frozen=True)
class Functions:
    """Functions in order of address: the first byte, the one after the last.

    `names` are their symbols; `files` the source files of local ones, as STT_FILE symbols tell, and
    empty for all others. Those of a table without names are empty as well.
    """

    starts: Array
    ends: Array
    names: Labels
    files: Labels

    def at(self, addresses: Array) -> Array:
        """For each address the number of the function that holds it, or -1."""
        if not len(self.starts):
            return np.full(len(addresses), -1)
        found = np.searchsorted(self.starts, addresses, side="right") - 1
        inside = (found >= 0) & (addresses < self.ends[np.maximum(found, 0)])
        return np.where(inside, found, -1)


def nameless(starts: Array, ends: Array) -> Functions:
    """Functions whose names are not known."""
    none = Labels(b"\0", np.zeros(len(starts), np.int64))
    return Functions(starts, ends, none, none)


@dataclass(frozen=True)
class Symbols:
    """A symbol table, with its strings."""

    rows: Array
    strings: bytes

    def functions(self) -> tuple[Array, Array, Array, Array]:
        """Their starts, their ends, and where their names and files are in the strings."""
        kind, local = self.rows["info"] & 15, self.rows["info"] >> 4 == 0
        (chosen,) = np.nonzero(np.isin(kind, _FUNCTIONS) & (self.rows["section"] != 0))
        # a local symbol is of the file whose symbol comes last before it
        is_file = (kind == _FILE) & local
        before = np.maximum.accumulate(np.where(is_file, np.arange(len(kind)), 0))[chosen]
        files = np.where(local[chosen] & is_file[before], self.rows["name"][before], 0)
        found = self.rows[chosen]
        ends = found["value"] + found["size"]
        return found["value"], ends, found["name"].astype(np.int64), files.astype(np.int64)

    def data(self) -> Functions | None:
        """Ranges of data among code, from AArch64's mapping symbols; None where there are none.

        $d begins data, $x begins code (ELF for the Arm 64-bit Architecture, 4.5.4).
        """
        short = self.rows[(self.rows["info"] & 15 == 0) & (self.rows["section"] != 0)]
        kinds = _beginnings(self.strings, short["name"])
        chosen = (kinds == _DATA) | (kinds == _CODE)
        if not chosen.any():
            return None
        starts, kinds = short["value"][chosen], kinds[chosen]
        order = np.argsort(starts, kind="stable")
        starts, kinds = starts[order], kinds[order]
        ends = np.append(starts[1:], np.uint64(2**63))
        return nameless(starts[kinds == _DATA], ends[kinds == _DATA])


def joined(tables: list[Symbols]) -> Functions:
    """The functions of all tables, the longest where some share a start."""
    if not tables:
        return nothing()
    columns, shift = [], 0
    for table in tables:
        starts, ends, names, files = table.functions()
        columns.append((starts, ends, names + shift, files + shift))
        shift += len(table.strings)
    starts, ends, names, files = (np.concatenate(column) for column in zip(*columns, strict=True))
    order = np.lexsort((-ends.astype(np.int64), starts))
    first = order[np.unique(starts[order], return_index=True)[1]]
    starts, ends = starts[first], ends[first]
    # what was written in assembly often has no size: it ends where the next function begins
    ends = np.where(ends == starts, np.append(starts[1:], starts[-1:]), ends)
    strings = b"".join(table.strings for table in tables)
    return Functions(starts, ends, Labels(strings, names[first]), Labels(strings, files[first]))


def nothing() -> Functions:
    """No functions."""
    none = np.zeros(0, np.uint64)
    return nameless(none, none)


def _beginnings(strings: bytes, places: Array) -> Array:
    """The first two bytes of each string."""
    padded = np.frombuffer(strings + b"\0\0", np.uint8)
    places = np.minimum(places, len(strings))
    both = np.stack([padded[places], padded[places + 1]], axis=1)
    return np.ascontiguousarray(both).view("S2").reshape(-1)

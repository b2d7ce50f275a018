"""The tables at the head of an ELF file, taken for what they may be: made to be read for ever.

Counts, sizes and places are held against the file before anything is read; names end somewhere; and
however often tables lay the same bytes over each other, no more is handed out than a multiple of
the file. Layouts are those of the System V ABI, chapters 4 and 5.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from elftools.elf.enums import ENUM_E_MACHINE

from wheelforge.errors import InputError

if TYPE_CHECKING:
    from mmap import mmap

NOBITS, SYMTAB, DYNSYM = 8, 2, 11  # types of sections
LOAD, DYNAMIC = 1, 2  # types of segments
LONGEST = 4096  # bytes of a name; C++ has some of a thousand
_MOST_SECTIONS, _MOST_SEGMENTS = 1 << 18, 1 << 10
_MORE_SECTIONS, _MORE_NAMES, _MORE_SEGMENTS = 0, 0xFFFF, 0xFFFF  # the first section says how many
_HANDED_OUT = 16  # times the size of the file
_HIGHEST = 1 << 63  # of an address: arithmetic beyond it does not say what it means


class Section(NamedTuple):
    """A row of the section table."""

    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int


class Segment(NamedTuple):
    """A row of the program header table; `size` is that in the file."""

    type: int
    flags: int
    offset: int
    address: int
    size: int
    alignment: int


class _Layout(NamedTuple):
    header: struct.Struct
    section: struct.Struct
    segment: struct.Struct


def _layout(order: str, *, wide: bool) -> _Layout:
    if wide:
        return _Layout(*(struct.Struct(order + text) for text in
                         ("HHIQQQIHHHHHH", "IIQQQQIIQQ", "IIQQQQQQ")))  # fmt: skip
    return _Layout(*(struct.Struct(order + text) for text in
                     ("HHIIIIIHHHHHH", "IIIIIIIIII", "IIIIIIII")))  # fmt: skip


class Headers:
    """What an ELF file says of itself; InputError, naming `where`, for what contradicts the file.

    `machine` is aarch64, x86_64 or what else elf.h calls it, in lower case; `type` is that of the
    file (2: a program that is loaded where it says).
    """

    def __init__(self, data: bytes | mmap, where: str) -> None:
        self.data = data
        self.where = where
        self._left = _HANDED_OUT * len(data)
        ident = data[:16]
        if len(ident) < 16 or ident[:4] != b"\x7fELF" or ident[4] not in {1, 2}:  # noqa: PLR2004
            raise self.unsound("it does not begin as one")
        self.wide, self.little = ident[4] == 2, ident[5] == 1  # noqa: PLR2004
        self.order = "<" if self.little else ">"
        layout = _layout(self.order, wide=self.wide)
        self._tables(layout, self._row(layout.header, 16))

    def _tables(self, layout: _Layout, head: tuple[int, ...]) -> None:
        self.type, number = head[0], head[1]
        self.machine = _machines().get(number, f"machine {number}")
        first = None
        (segments, segment_size), (sections, section_size), names = (
            (head[9], head[8]), (head[11], head[10]), head[12]
        )  # fmt: skip
        if head[5] and section_size == layout.section.size:
            first = self._row(layout.section, head[5])
        if first is not None:
            sections = first[5] if sections == _MORE_SECTIONS else sections
            names = first[6] if names == _MORE_NAMES else names
            segments = first[7] if segments == _MORE_SEGMENTS else segments
        sections = sections if head[5] else 0
        self._check("sections", sections, section_size, layout.section, _MOST_SECTIONS)
        self._check("segments", segments, segment_size, layout.segment, _MOST_SEGMENTS)
        rows = self._rows(layout.section, head[5], sections)
        self.segments = tuple(
            self._segment(row) for row in self._rows(layout.segment, head[4], segments)
        )
        self.sections = self._named(rows, names)

    def _check(self, what: str, count: int, size: int, layout: struct.Struct, most: int) -> None:
        if count and size != layout.size:
            raise self.unsound(f"its {what} have headers of {size} bytes, not {layout.size}")
        if count > most:
            raise self.unsound(f"it says that it has {count} {what}")

    def _rows(self, layout: struct.Struct, offset: int, count: int) -> list[tuple[int, ...]]:
        return list(layout.iter_unpack(self.part(offset, count * layout.size)))

    def _row(self, layout: struct.Struct, offset: int) -> tuple[int, ...]:
        return layout.unpack(self.part(offset, layout.size))

    def _segment(self, row: tuple[int, ...]) -> Segment:
        kind, offset, address, size = row[0], *((row[2], row[3], row[5]) if self.wide else
                                                (row[1], row[2], row[4]))  # fmt: skip
        found = Segment(kind, row[1] if self.wide else row[6], offset, address, size, row[7])
        if found.address + found.size >= _HIGHEST:
            raise self.unsound("a segment is at an address that no processor has")
        return found

    def _named(self, rows: list[tuple[int, ...]], names: int) -> tuple[Section, ...]:
        table = rows[names] if 0 < names < len(rows) else (0,) * 10
        text = self.part(table[4], table[5]) if table[1] != NOBITS else b""
        found = tuple(Section(string(text, row[0]), *row[1:7]) for row in rows)
        if any(item.address + item.size >= _HIGHEST for item in found):
            raise self.unsound("a section is at an address that no processor has")
        return found

    def part(self, offset: int, size: int) -> bytes:
        """Bytes of the file; InputError where it does not have them."""
        self.claim(offset, size)
        return self.data[offset : offset + size]

    def claim(self, offset: int, size: int) -> None:
        """InputError where these are no bytes of the file, or were asked for too often."""
        if offset + size > len(self.data):
            raise self.unsound("a table or section ends after the file")
        self._left -= size
        if self._left < 0:
            raise self.unsound("its tables and sections lie over each other")

    def content(self, section: Section) -> bytes:
        """The bytes of a section; none where the file does not hold any."""
        return b"" if section.type == NOBITS else self.part(section.offset, section.size)

    def unsound(self, why: str) -> InputError:
        """The error for a file that contradicts itself."""
        return InputError(
            f"not a sound ELF file: {why}", where=self.where, remedy="copy or build it again"
        )


def string(strings: bytes, at: int) -> str:
    """The text at a place of a string table, of at most LONGEST bytes; empty outside of it."""
    end = strings.find(b"\0", at, at + LONGEST)
    return strings[at : end if end >= 0 else at + LONGEST].decode("utf-8", "replace")


@cache
def _machines() -> dict[int, str]:
    return {
        number: name.removeprefix("EM_").lower()
        for name, number in ENUM_E_MACHINE.items()
        if name != "_default_"  # which is what pyelftools keeps there for others
    }

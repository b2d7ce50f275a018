"""The machine code of an ELF file: where it is, whose function it is, what of it is data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from wheelforge import elf
from wheelforge.elf.headers import LOAD, NOBITS
from wheelforge.isa.frames import frames
from wheelforge.isa.tables import SYMBOL, Functions, Symbols, joined, nameless, nothing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wheelforge.elf.headers import Section
    from wheelforge.isa.tables import Array


_NOTHING = np.zeros(0, np.uint8)
_PROGBITS = 1  # a type of sections
_SECTION_EXECUTABLE, _SEGMENT_EXECUTABLE = 4, 1  # flags


@dataclass(frozen=True)
class Code:
    """The bytes of one executable section and the address they are loaded at."""

    name: str
    address: int
    data: Array


class Image:
    """An open ELF file, 64 bits and little-endian; InputError where it is none or is damaged.

    `machine` is aarch64, x86_64 or what else the header says.
    """

    def __init__(self, path: Path) -> None:
        with elf.opened(path) as headers:
            self._headers = headers
        self.machine = headers.machine
        self.decodable = headers.wide and headers.little

    def code(self) -> Iterator[Code]:
        """Every executable section; the executable segments where there are no sections."""
        found = [
            (item.name, item.address, item.offset, item.size)
            for item in self._headers.sections
            if item.flags & _SECTION_EXECUTABLE and item.type != NOBITS
        ] or [
            ("segment", item.address, item.offset, item.size)
            for item in self._headers.segments
            if item.flags & _SEGMENT_EXECUTABLE and item.type == LOAD
        ]
        for name, address, offset, size in found:
            self._headers.claim(offset, size)
            data = np.frombuffer(self._headers.data, np.uint8, size, offset) if size else _NOTHING
            yield Code(name, address, data)

    def constants(self) -> Iterator[bytes]:
        """The contents of every read-only section of constants."""
        for item in self._headers.sections:
            if item.name.startswith(".rodata") and item.type == _PROGBITS:
                yield self._headers.content(item)

    def section(self, wanted: str) -> bytes:
        """The bytes of a section; none where there is no such section."""
        found = self._section(wanted)
        return self._headers.content(found) if found is not None else b""

    def read(self, address: int, size: int) -> bytes:
        """At most `size` bytes of a segment's file content from an address on."""
        for item in self._headers.segments:
            if item.type == LOAD and 0 <= (at := address - item.address) < item.size:
                size = max(0, min(size, item.size - at))
                return self._headers.part(item.offset + at, size)
        return b""

    @cached_property
    def symbols(self) -> Functions:
        """The functions that .symtab and .dynsym name."""
        return joined([table for table in (self._table(".dynsym"), self._symtab) if table])

    @cached_property
    def frames(self) -> Functions:
        """The functions that .eh_frame tells of, without names; stripping leaves them."""
        index, frame = self._section(".eh_frame_hdr"), self._section(".eh_frame")
        if index is None or frame is None:
            return nothing()
        content = self._headers.content
        found = frames(content(index), index.address, content(frame), frame.address)
        return nameless(*found) if found is not None else nothing()

    @cached_property
    def marks(self) -> Functions | None:
        """Ranges of data inside of code, as mapping symbols say; None where there are none."""
        return self._symtab.data() if self._symtab is not None else None

    @cached_property
    def _symtab(self) -> Symbols | None:
        return self._table(".symtab")

    def _section(self, name: str) -> Section | None:
        return next((item for item in self._headers.sections if item.name == name), None)

    def _table(self, section: str) -> Symbols | None:
        found = self._section(section)
        if found is None or found.type == NOBITS:
            return None
        sections, content = self._headers.sections, self._headers.content
        if found.link >= len(sections):
            raise self._headers.unsound("a symbol table has no names")
        data = content(found)
        rows = np.frombuffer(data[: len(data) // SYMBOL.itemsize * SYMBOL.itemsize], SYMBOL)
        return Symbols(rows, content(sections[found.link]))

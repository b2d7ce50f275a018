"""The machine code of an ELF file: where it is, whose function it is, what of it is data."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from elftools.common.exceptions import ELFError
from elftools.elf.constants import P_FLAGS, SH_FLAGS
from elftools.elf.elffile import ELFFile

from wheelforge.errors import InputError
from wheelforge.isa.frames import frames
from wheelforge.isa.tables import SYMBOL, Functions, Symbols, joined, nameless, nothing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from wheelforge.isa.tables import Array


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
        try:
            with path.open("rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                elf = ELFFile(file)
                self.machine = str(elf["e_machine"]).removeprefix("EM_").lower()
                self.decodable = elf.elfclass == 64 and elf.little_endian  # noqa: PLR2004
                self._sections = [(section.name, section.header) for section in elf.iter_sections()]
                self._segments = [segment.header for segment in elf.iter_segments()]
        except (ELFError, ValueError, KeyError, AttributeError, UnicodeDecodeError) as error:
            raise InputError(f"not a sound ELF file: {error}", where=str(path)) from error

    def close(self) -> None:
        """Let the file go; arrays made of it must be gone before."""
        self._bytes.close()

    def code(self) -> Iterator[Code]:
        """Every executable section; the executable segments where there are no sections."""
        found = [
            (name, header["sh_addr"], header["sh_offset"], header["sh_size"])
            for name, header in self._sections
            if header["sh_flags"] & SH_FLAGS.SHF_EXECINSTR and header["sh_type"] != "SHT_NOBITS"
        ] or [
            ("segment", header["p_vaddr"], header["p_offset"], header["p_filesz"])
            for header in self._segments
            if header["p_flags"] & P_FLAGS.PF_X and header["p_type"] == "PT_LOAD"
        ]
        for name, address, offset, size in found:
            yield Code(name, address, np.frombuffer(self._part(offset, size), np.uint8))

    def constants(self) -> Iterator[memoryview]:
        """The contents of every read-only section of constants."""
        for name, header in self._sections:
            if name.startswith(".rodata") and header["sh_type"] == "SHT_PROGBITS":
                yield self._part(header["sh_offset"], header["sh_size"])

    def section(self, wanted: str) -> memoryview:
        """The bytes of a section; none where there is no such section."""
        for name, header in self._sections:
            if name == wanted and header["sh_type"] != "SHT_NOBITS":
                return self._part(header["sh_offset"], header["sh_size"])
        return memoryview(b"")

    def read(self, address: int, size: int) -> bytes:
        """At most `size` bytes of a segment's file content from an address on."""
        for header in self._segments:
            if header["p_type"] == "PT_LOAD":
                at = address - header["p_vaddr"]
                if 0 <= at < header["p_filesz"]:
                    offset = header["p_offset"] + at
                    return self._bytes[offset : offset + min(size, header["p_filesz"] - at)]
        return b""

    @cached_property
    def symbols(self) -> Functions:
        """The functions that .symtab and .dynsym name."""
        return joined([table for table in (self._table(".dynsym"), self._symtab) if table])

    @cached_property
    def frames(self) -> Functions:
        """The functions that .eh_frame tells of, without names; stripping leaves them."""
        parts = dict(self._sections)
        index, frame = parts.get(".eh_frame_hdr"), parts.get(".eh_frame")
        if index is None or frame is None:
            return nothing()
        found = frames(
            self._part(index["sh_offset"], index["sh_size"]), index["sh_addr"],
            self._part(frame["sh_offset"], frame["sh_size"]), frame["sh_addr"],
        )  # fmt: skip
        return nameless(*found) if found is not None else nothing()

    @cached_property
    def marks(self) -> Functions | None:
        """Ranges of data inside of code, as mapping symbols say; None where there are none."""
        return self._symtab.data() if self._symtab is not None else None

    @cached_property
    def _symtab(self) -> Symbols | None:
        return self._table(".symtab")

    def _table(self, section: str) -> Symbols | None:
        header = next((header for name, header in self._sections if name == section), None)
        if header is None or header["sh_type"] == "SHT_NOBITS":
            return None
        size = header["sh_size"] // SYMBOL.itemsize * SYMBOL.itemsize
        rows = np.frombuffer(self._part(header["sh_offset"], size), SYMBOL)
        strings = self._sections[header["sh_link"]][1]
        return Symbols(rows, bytes(self._part(strings["sh_offset"], strings["sh_size"])))

    def _part(self, offset: int, size: int) -> memoryview:
        if offset + size > len(self._bytes):
            raise ValueError("a section ends after the file")
        return memoryview(self._bytes)[offset : offset + size]

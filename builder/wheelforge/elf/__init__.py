"""Facts read from ELF files: names, needs, search paths, alignment."""

from __future__ import annotations

import mmap
import struct
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from wheelforge.elf import dynamic
from wheelforge.elf.headers import DYNSYM, LOAD, SYMTAB, Headers, Section, string
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CODE = frozenset({0, 2, 10})  # STT_NOTYPE, as assembler leaves types away, FUNC, GNU_IFUNC
_PROGRAM = 2  # ET_EXEC


@dataclass(frozen=True, kw_only=True)
class ElfFacts:
    """What the loader will look at. `alignment` is the least of all LOAD segments, in bytes."""

    machine: str
    soname: str
    needed: tuple[str, ...]
    rpath: tuple[str, ...]
    alignment: int


def is_elf(path: Path) -> bool:
    """True for a regular file that begins with the ELF magic."""
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError as error:
        remedy = "make it readable"
        raise InputError(
            f"cannot be read: {error.strerror}", where=str(path), remedy=remedy
        ) from error


@contextmanager
def opened(path: Path) -> Iterator[Headers]:
    """The headers of a file, which stays open; InputError where it is not a sound ELF file."""
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:  # what is empty cannot be mapped
        raise InputError(
            f"not a sound ELF file: {error}", where=str(path), remedy="copy or build it again"
        ) from error
    yield Headers(data, str(path))  # arrays made of the file may outlive this: it closes after them


def read(path: Path) -> ElfFacts:
    """Read one file; InputError where it is not a sound ELF file."""
    with opened(path) as headers:
        texts = dynamic.tags(headers).texts
        rpath = [*texts.get(dynamic.RPATH, ()), *texts.get(dynamic.RUNPATH, ())]
        loads = [item.alignment for item in headers.segments if item.type == LOAD]
        return ElfFacts(
            machine=headers.machine,
            soname="".join(texts.get(dynamic.SONAME, ())),
            needed=tuple(texts.get(dynamic.NEEDED, ())),
            rpath=tuple(part for value in rpath for part in value.split(":")),
            alignment=min(loads, default=0),
        )


class Function(NamedTuple):
    """A function, and how many bytes after its beginning an address is."""

    name: str
    offset: int


def function_at(path: Path, pc: int, base: int) -> Function | None:
    """The function that holds address `pc` of a process in which `path` was loaded at `base`.

    A symbol without a size reaches to the next one. InputError where it is not a sound ELF file.
    """
    with opened(path) as headers:
        loads = [item.address for item in headers.segments if item.type == LOAD]
        first = min(loads, default=0) & -0x1000
        address = pc if headers.type == _PROGRAM else pc - base + first
        found = [_nearest(headers, item, address) for item in headers.sections
                 if item.type in {SYMTAB, DYNSYM}]  # fmt: skip
    start, size, name = max(found, default=(0, 0, ""))
    inside = address < start + size if size else bool(name)
    return Function(name, address - start) if inside else None


def _nearest(headers: Headers, table: Section, address: int) -> tuple[int, int, str]:
    """Address, size and name of the last code symbol that does not begin after an address.

    `$x` and `$d` mark what is code and what is data.
    """
    if table.link >= len(headers.sections):
        raise headers.unsound("a symbol table has no names")
    strings = headers.content(headers.sections[table.link])
    layout = struct.Struct(headers.order + ("IBBHQQ" if headers.wide else "IIIBBH"))
    data = headers.content(table)
    best = (0, 0, "")
    for row in layout.iter_unpack(data[: len(data) // layout.size * layout.size]):
        name, info, _, section, start, size = row if headers.wide else (row[0], *row[3:], *row[1:3])
        if section and info & 15 in _CODE and best[:2] <= (start, size) and start <= address:
            text = string(strings, name)
            if text and text[0] != "$":
                best = max(best, (start, size, text))
    return best


def contains(path: Path, text: str) -> bool:
    """True when the file's bytes hold `text` somewhere."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data.find(text.encode()) >= 0

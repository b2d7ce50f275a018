"""Facts read from ELF files: names, needs, search paths, alignment."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection, DynamicTag
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODE = frozenset({"STT_FUNC", "STT_NOTYPE", "STT_GNU_IFUNC"})  # assembler leaves types away


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
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def read(path: Path) -> ElfFacts:
    """Read one file; InputError where it is not a sound ELF file."""
    try:
        with path.open("rb") as file:
            elf = ELFFile(file)
            dynamic = elf.get_section_by_name(".dynamic")
            tags = list(dynamic.iter_tags()) if isinstance(dynamic, DynamicSection) else []
            loads = [seg["p_align"] for seg in elf.iter_segments() if seg["p_type"] == "PT_LOAD"]
            return ElfFacts(
                machine=elf["e_machine"].removeprefix("EM_").lower(),
                soname="".join(_values(tags, "soname")),
                needed=_values(tags, "needed"),
                rpath=tuple(
                    part
                    for value in _values(tags, "rpath") + _values(tags, "runpath")
                    for part in value.split(":")
                ),
                alignment=min(loads, default=0),
            )
    except (ELFError, ValueError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise InputError(f"not a sound ELF file: {error}", where=str(path)) from error


def _values(tags: list[DynamicTag], name: str) -> tuple[str, ...]:
    wanted = f"DT_{name.upper()}"
    return tuple(str(getattr(tag, name)) for tag in tags if tag.entry.d_tag == wanted)


class Function(NamedTuple):
    """A function, and how many bytes after its beginning an address is."""

    name: str
    offset: int


def function_at(path: Path, pc: int, base: int) -> Function | None:
    """The function that holds address `pc` of a process in which `path` was loaded at `base`.

    A symbol without a size reaches to the next one. InputError where it is not a sound ELF file.
    """
    try:
        with path.open("rb") as file:
            elf = ELFFile(file)
            loads = [seg["p_vaddr"] for seg in elf.iter_segments() if seg["p_type"] == "PT_LOAD"]
            first = min(loads, default=0) & -0x1000
            address = pc if elf["e_type"] == "ET_EXEC" else pc - base + first
            near = [item for item in _functions(elf) if item[0] <= address]
            start, size, name = max(near, default=(0, 0, ""))
    except (ELFError, ValueError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise InputError(f"not a sound ELF file: {error}", where=str(path)) from error
    inside = address < start + size if size else bool(name)
    return Function(name, address - start) if inside else None


def _functions(elf: ELFFile) -> Iterator[tuple[int, int, str]]:
    """Address, size and name of all code symbols; `$x` and `$d` mark what is code and data."""
    for section in elf.iter_sections():
        if isinstance(section, SymbolTableSection):
            for item in section.iter_symbols():
                defined = item["st_shndx"] != "SHN_UNDEF" and item.name
                if defined and item["st_info"]["type"] in _CODE and item.name[0] != "$":
                    yield item["st_value"], item["st_size"], item.name


def contains(path: Path, text: str) -> bool:
    """True when the file's bytes hold `text` somewhere."""
    with path.open("rb") as file:
        if path.stat().st_size == 0:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data.find(text.encode()) >= 0

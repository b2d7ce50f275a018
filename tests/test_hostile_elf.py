"""ELF files whose tables lie: an error, and never hours or gigabytes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from builders import refusal
from elves import Table, make_elf, make_tables, patched, symbol
from wheelforge import elf
from wheelforge.audit.identity import identity
from wheelforge.isa.image import Image
from wheelforge.isa.verdict import examine

if TYPE_CHECKING:
    from pathlib import Path

GOOD = make_elf(soname="libdemo.so.1", needed=["libc.so.6"])
PHOFF, SHOFF = 32, 40
PHENTSIZE, PHNUM, SHENTSIZE, SHNUM, SHSTRNDX = 54, 56, 58, 60, 62
SECTIONS = int.from_bytes(GOOD[SHOFF : SHOFF + 8], "little")
FIRST = 64  # the first segment's header
DYNAMIC = FIRST + 56
TAGS = DYNAMIC + 56
AT, SIZE = 8, 32  # of what a segment's header says
X86, ARM = 62, 183

LYING = {
    "section headers of no size": patched(GOOD, SHENTSIZE, "<H", 0),
    "segment headers of no size": patched(GOOD, PHENTSIZE, "<H", 0),
    "sections without end": patched(
        patched(GOOD, SHNUM, "<H", 0), SECTIONS + 32, "<Q", (1 << 64) - 1
    ),
    "segments without end": patched(
        patched(GOOD, PHNUM, "<H", 0xFFFF), SECTIONS + 44, "<I", 0xFFFFFFFF
    ),
    "more sections than there are": patched(GOOD, SHNUM, "<H", 0xFFFF),
    "sections after the file": patched(GOOD, SHOFF, "<Q", (1 << 64) - 1),
    "segments after the file": patched(GOOD, PHOFF, "<Q", 1 << 62),
    "a dynamic section after the file": patched(GOOD, DYNAMIC + AT, "<Q", 1 << 62),
    "a dynamic section without end": patched(GOOD, DYNAMIC + SIZE, "<Q", 1 << 40),
    "an address that no processor has": patched(GOOD, FIRST + 16, "<Q", (1 << 64) - 1),
    "a name after the strings": patched(GOOD, TAGS + 8, "<Q", 1 << 40),
    "another class": patched(GOOD, 4, "<B", 3),
}


@pytest.mark.parametrize("kind", LYING)
def test_a_table_that_lies_is_the_users_input(tmp_path: Path, kind: str) -> None:
    (tmp_path / "lib").write_bytes(LYING[kind])
    error = refusal(partial(elf.read, tmp_path / "lib"))
    assert error.what.startswith("not a sound ELF file: ")
    assert error.where == str(tmp_path / "lib")


def test_the_loaders_word_counts_and_not_the_sections(tmp_path: Path) -> None:
    """A linker's sections may be gone, or say something else, when the file is loaded."""
    (tmp_path / "lib").write_bytes(patched(patched(GOOD, SHNUM, "<H", 0), SHOFF, "<Q", 0))
    facts = elf.read(tmp_path / "lib")
    assert (facts.soname, facts.needed) == ("libdemo.so.1", ("libc.so.6",))


def test_a_dynamic_section_of_a_million_names(tmp_path: Path) -> None:
    tags = (b"\1" + bytes(15)) * (1 << 15)
    data = patched(GOOD, DYNAMIC + AT, "<Q", len(GOOD)) + tags
    (tmp_path / "lib").write_bytes(patched(data, DYNAMIC + SIZE, "<Q", len(tags)))
    assert "does not end" in refusal(partial(elf.read, tmp_path / "lib")).what


def symbols(*rows: bytes, strings: bytes = b"\0a\0", link: int = 2) -> tuple[Table, Table]:
    return Table(".symtab", 2, b"".join(rows), link=link), Table(".strtab", 3, strings)


@pytest.mark.parametrize("link", [1, 9, 0xFFFFFFFF])
def test_a_symbol_table_that_leads_to_itself_or_nowhere(tmp_path: Path, link: int) -> None:
    (tmp_path / "lib").write_bytes(make_tables(*symbols(symbol(1, 0, 0), link=link)))
    if link == 1:
        assert elf.function_at(tmp_path / "lib", 0, 0) is None
    else:
        error = refusal(partial(elf.function_at, tmp_path / "lib", 0, 0))
        assert "a symbol table has no names" in error.what
        image = Image(tmp_path / "lib")
        assert "no names" in refusal(lambda: image.symbols).what


def test_a_name_without_end_is_cut(tmp_path: Path) -> None:
    table, strings = symbols(symbol(1, 4096, 8), strings=b"\0" + b"x" * 100_000)
    (tmp_path / "lib").write_bytes(make_tables(table, strings))
    found = elf.function_at(tmp_path / "lib", 4100, 0)
    assert found is not None
    assert (len(found.name), found.offset) == (4096, 4)


def judged(path: Path) -> object:
    return examine(Image(path), path.name, (), ())


def test_sections_that_all_hold_the_same_code(tmp_path: Path) -> None:
    code = Table(".text", 1, bytes(4096), flags=6)
    more = [Table(".text", 1, flags=6, at=64, size=4096) for _ in range(200)]
    (tmp_path / "lib").write_bytes(make_tables(code, *more))
    assert "lie over each other" in refusal(partial(judged, tmp_path / "lib")).what


def test_functions_that_all_hold_the_same_code(tmp_path: Path) -> None:
    size = 1 << 17
    code = Table(".text", 1, b"\x90" * size, flags=6, address=4096)
    rows = (symbol(1, 4096 + number, size) for number in range(200))
    table, strings = symbols(*rows, link=3)
    (tmp_path / "lib").write_bytes(make_tables(code, table, strings, machine=X86))
    assert "functions lie over each other" in refusal(partial(judged, tmp_path / "lib")).what


def test_names_that_lie_over_each_other(tmp_path: Path) -> None:
    sve, count = (0x2518E3E0).to_bytes(4, "little"), 6000  # ptrue p0.b
    code = Table(".text", 1, sve * count, flags=6, address=4096)
    rows = (symbol(1 + number, 4096 + 4 * number, 4) for number in range(count))
    table, strings = symbols(*rows, strings=b"\0" + b"x" * 16_000, link=3)
    (tmp_path / "lib").write_bytes(make_tables(code, table, strings))
    assert "names of its functions lie" in refusal(partial(judged, tmp_path / "lib")).what


@pytest.mark.parametrize("machine", [X86, ARM])
def test_a_function_that_ends_before_it_begins(tmp_path: Path, machine: int) -> None:
    code = Table(".text", 1, b"\xc5\xf8\x77\x90" * 64, flags=6, address=4096)
    table, strings = symbols(symbol(1, 4100, (1 << 64) - 4), link=3)
    (tmp_path / "lib").write_bytes(make_tables(code, table, strings, machine=machine))
    judged(tmp_path / "lib")


def test_bytes_that_are_no_instructions_take_no_longer(tmp_path: Path) -> None:
    """Each unknown byte used to copy all that follow it: minutes for a megabyte."""
    size = 1 << 20
    code = Table(".text", 1, b"\x06" * size + b"\xc5\xf8\x77", flags=6, address=4096)
    table, strings = symbols(symbol(1, 4096, size + 3), link=3)
    (tmp_path / "lib").write_bytes(make_tables(code, table, strings, machine=X86))
    found = examine(Image(tmp_path / "lib"), "lib", (), ())
    assert [(item.extension, item.instructions) for item in found.extensions] == [("avx", 1)]


def test_a_mark_before_megabytes_of_letters(tmp_path: Path) -> None:
    """What looks for version strings reads every byte a few times at most."""
    data = b"x_compute_version=v12345\0" + b"a" * (1 << 20)
    (tmp_path / "lib").write_bytes(make_tables(Table(".rodata", 1, data)))
    assert identity(Image(tmp_path / "lib"), {}) == ("x_compute_version=v12345",)


def test_frames_that_lead_nowhere(tmp_path: Path) -> None:
    table = bytes([1, 0x1B, 3, 0x3B]) + bytes(4) + (9).to_bytes(4, "little") + b"\xff" * 72
    frames = (Table(".eh_frame_hdr", 1, table, address=(1 << 63) - 100), Table(".eh_frame", 1))
    code = Table(".text", 1, bytes(64), flags=6)
    (tmp_path / "lib").write_bytes(make_tables(code, *frames))
    judged(tmp_path / "lib")
    data = make_tables(code, *frames)
    (tmp_path / "lib").write_bytes(data.replace(b"\x9c" + b"\xff" * 6 + b"\x7f", b"\xff" * 8))
    assert "address that no processor has" in refusal(partial(judged, tmp_path / "lib")).what

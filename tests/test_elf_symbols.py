"""Segments, symbols and versions as the loader takes them, of libraries from a real compiler."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from builders import refusal
from drafts import LINKED, compiled, needs_cc
from elves import Table, make_elf, make_tables, symbol
from wheelforge import elf
from wheelforge.elf.loading import Loading, loading
from wheelforge.elf.symbols import NO_SYMBOLS, Symbols, symbols

if TYPE_CHECKING:
    from pathlib import Path

VERNEED, DYNSYM = 0x6FFFFFFE, 11
SOURCE = """
#include <stdlib.h>
int missing(void); int known(const char *); extern int maybe(void) __attribute__((weak));
int known(const char *text) { return getenv(text) ? 1 : 0 + missing() + (maybe ? maybe() : 0); }
__attribute__((visibility("hidden"))) int hidden(void) { return known(0); }
"""


def read(path: Path, data: bytes) -> tuple[Loading, Symbols]:
    path.write_bytes(data)
    with elf.opened(path) as headers:
        return loading(headers), symbols(headers)


@needs_cc
def test_symbols_and_versions(tmp_path: Path) -> None:
    (tmp_path / "map").write_text("V_1 { global: known; }; V_2 { local: *; } V_1;")
    flags = (*LINKED, "-Wl,--version-script,map", "-Wl,-soname,libx.so.1")
    facts, found = read(tmp_path / "lib", compiled(tmp_path, SOURCE, *flags))
    assert facts.soname == "libx.so.1"
    wanted = {item.name: item.version for item in found.wanted}
    assert wanted["missing"] is None
    assert "maybe" not in wanted
    of_libc = wanted["getenv"]
    assert of_libc is not None
    assert (of_libc.library, of_libc.name[:8]) == ("libc.so.6", "GLIBC_2.")
    assert of_libc in found.versions
    assert b"known" in found.given
    assert not found.given & {b"hidden", b"missing", b"getenv"}
    assert found.offered == {"libx.so.1", "V_1", "V_2"}


@needs_cc
def test_protection(tmp_path: Path) -> None:
    source = "int x(void) { return 1; }"
    facts, _ = read(tmp_path / "lib", compiled(tmp_path, source, *LINKED))
    assert (facts.stack, facts.relro, facts.alignment) == ("plain", "full", 65536)
    assert not facts.text_relocations
    assert not facts.writable_code
    assert not facts.program
    weak = ("-Wl,-z,lazy", "-Wl,-z,execstack", "-Wl,-rpath,$ORIGIN/a:/b")
    facts, _ = read(tmp_path / "lib", compiled(tmp_path, source, *weak, "-Wl,-z,relro"))
    assert (facts.stack, facts.relro) == ("executable", "partial")
    assert (facts.rpath, facts.runpath) in (((), ("$ORIGIN/a", "/b")), (("$ORIGIN/a", "/b"), ()))


def test_runpath_puts_rpath_out_of_force(tmp_path: Path) -> None:
    facts, found = read(tmp_path / "lib", make_elf(rpath="/a", runpath="$ORIGIN"))
    assert (facts.rpath, facts.runpath, facts.stack) == ((), ("$ORIGIN",), "unsaid")
    assert found == NO_SYMBOLS


def tables(path: Path, versions: bytes, strings: bytes = b"\0a\0", *rows: bytes) -> None:
    path.write_bytes(
        make_tables(
            Table(".dynsym", DYNSYM, b"".join(rows) or symbol(1, 0, 0), link=2),
            Table(".dynstr", 3, strings),
            Table(".gnu.version_r", VERNEED, versions, link=2),
        )
    )


def read_tables(path: Path) -> Symbols:
    with elf.opened(path) as headers:
        return symbols(headers)


@pytest.mark.parametrize("step", [1, 16, 0xFFFFFFFF])
def test_versions_without_end(tmp_path: Path, step: int) -> None:
    """Every row leads on by a byte, and to a chain of its own: a square of the section's size."""
    row = struct.pack("<HHIII", 1, 1, 1, 1, step)
    tables(tmp_path / "lib", row * 20_000)
    assert "versions do not end" in refusal(lambda: read_tables(tmp_path / "lib")).what


def test_long_names_of_versions_are_cut(tmp_path: Path) -> None:
    rows = struct.pack("<HHIII", 1, 1, 1, 16, 0) + struct.pack("<IHHII", 0, 0, 2, 1, 0)
    tables(tmp_path / "lib", rows, b"\0" + b"x" * 100_000 + b"\0")
    [version] = read_tables(tmp_path / "lib").versions
    assert (len(version.name), len(version.library)) == (255, 255)


@pytest.mark.parametrize("section", [0, 1])
def test_names_of_symbols_that_lie_over_each_other(tmp_path: Path, section: int) -> None:
    size = 20_000
    rows = [symbol(1 + at, 0, 0, section=section) for at in range(size)]
    tables(tmp_path / "lib", b"", b"\0" + b"x" * size + b"\0", *rows)
    assert "lie over each other" in refusal(lambda: read_tables(tmp_path / "lib")).what

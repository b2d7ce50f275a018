"""ELF files: names and needs, the function at an address, the instruction sets of the code."""

from __future__ import annotations

import tempfile
from pathlib import Path
from shutil import which
from subprocess import run
from typing import TYPE_CHECKING

import elf_mutation
from guard import guarded

from elves import Table, make_elf, make_tables, symbol
from wheelforge import elf
from wheelforge.audit.identity import identity
from wheelforge.isa import COMPILER
from wheelforge.isa.image import Image
from wheelforge.isa.verdict import examine, listed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_ADDRESSES = ((0, 0), (0x1000, 0), (0x5100, 0x4000), ((1 << 64) - 1, 1))  # and bases
_SOURCE = """
static int inner(int *a) { return __atomic_add_fetch(a, 1, 5); }
double outer(double *a, int n, int *b) { double s = inner(b); while (n--) s += a[n]; return s; }
const char *version(void) { return "arm_compute_version=v25.02.1 Build options: {}"; }
"""
_COMPILERS = {
    "gcc": ("-O3", "-march=x86-64-v3"),
    "aarch64-linux-gnu-gcc": ("-O3", "-march=armv8.2-a+sve"),
}
_LINKS = (("-Wl,-soname,libdemo.so.1", "-Wl,-rpath,$ORIGIN"), ("-Wl,--hash-style=gnu", "-s"))


def check(data: bytes) -> None:
    """Whatever is asked of a file, nothing but a ForgeError."""
    with guarded({"lib.so": data}, "nowhere") as folder:
        elf.is_elf(folder / "lib.so")
        elf.read(folder / "lib.so")
    with guarded({"lib.so": data}, "nowhere") as folder:
        for pc, base in _ADDRESSES:
            elf.function_at(folder / "lib.so", pc, base)
    with guarded({"lib.so": data}, "nowhere") as folder:
        identity(Image(folder / "lib.so"), {"0" * 40: "x"})
    with guarded({"lib.so": data}, "nowhere") as folder:
        found = examine(Image(folder / "lib.so"), "lib.so", (COMPILER,), ())
        for extent in found.extensions:
            listed(extent.outside + extent.doubtful)


def seeds() -> Iterator[bytes]:
    """Libraries of the compilers that are here, and some without one."""
    yield make_elf(soname="libdemo.so.1", needed=["libc.so.6"], runpath="$ORIGIN:/x", rpath="/y")
    for machine, code in ((62, b"\xc5\xfc\x58\xc0\xc3" * 9), (183, b"\xe0\xe3\x18\x25" * 9)):
        yield make_tables(
            Table(".text", 1, code, flags=6, address=4096),
            Table(".symtab", 2, symbol(1, 4096, 20) + symbol(3, 4116, 0), link=3),
            Table(".strtab", 3, b"\0f\0_Z1gv\0"),
            machine=machine,
        )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a.c").write_text(_SOURCE)
        for compiler, options in _COMPILERS.items():
            for links in _LINKS if which(compiler) else ():
                out = Path(folder) / "lib.so"
                slim = ("-nostdlib", "-Wl,-z,max-page-size=4096", "-Wl,-z,noseparate-code")
                argv = [
                    compiler,
                    "-shared",
                    "-fPIC",
                    *options,
                    *slim,
                    *links,
                    "a.c",
                    "-o",
                    "lib.so",
                ]
                run(argv, check=True, cwd=folder)
                yield out.read_bytes()


def mutated(data: bytes, dice: Random) -> bytes:
    """Tables with other numbers in them."""
    return elf_mutation.mutated(data, dice)

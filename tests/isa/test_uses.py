from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cross import library, needs_cross, stripped
from elves import make_elf
from small_code import ARCH, CONSTANTS, assembly, mixed
from wheelforge.errors import InputError
from wheelforge.isa.confirm import confirmed, instruction, outline_atomic
from wheelforge.isa.decode import decodable, uses
from wheelforge.isa.image import Image

if TYPE_CHECKING:
    from pathlib import Path

C_SOURCE = """
typedef signed char byte;
static __attribute__((noinline)) int dot(const byte *a, const byte *b, int n) {
    int sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}
int both(const byte *a, const byte *b, int n) { return dot(a, b, n) + dot(b, a, n - 1) * 3; }
"""


@needs_cross
def test_functions_are_named(tmp_path: Path) -> None:
    image = Image(mixed(tmp_path))
    found = {(use.symbol, use.extension, use.count, use.evidence) for use in uses(image)}
    assert found == {
        ("scale_sve", "sve", 1, "mapped"),
        ("multiply_dot", "dotprod", 1, "mapped"),
        ("count", "lse", 1, "mapped"),
    }
    [dot] = [use for use in uses(image) if use.extension == "dotprod"]
    assert dot.places == (dot.start + 4,)
    assert instruction(image, dot.places[0]) == "sdot v0.4s, v1.16b, v2.16b"


@needs_cross
def test_what_stripping_leaves(tmp_path: Path) -> None:
    whole = library(tmp_path, C_SOURCE, "-O3", "-march=armv8.2-a+dotprod", name="libdot.so")
    before = {use.symbol: use for use in uses(Image(whole))}
    assert set(before) == {"dot"}
    assert before["dot"].file == "libdot.so.c"
    image = Image(stripped(whole))
    after = uses(image)
    assert {(use.start, use.count) for use in after} == {
        (use.start, use.count) for use in before.values()
    }
    assert {(use.symbol, use.file, use.evidence) for use in after} == {("", "", "function")}
    assert all(confirmed(image, use) for use in after)


@needs_cross
def test_constants_are_no_instructions(tmp_path: Path) -> None:
    whole = library(tmp_path, ARCH + CONSTANTS)
    assert uses(Image(whole)) == ()  # mapping symbols say that they are data
    image = Image(stripped(whole))
    assert [use.evidence for use in uses(image)] == ["function", "alone"]
    assert not any(confirmed(image, use) for use in uses(image))


@needs_cross
def test_a_crowd_outside_of_functions_is_code(tmp_path: Path) -> None:
    source = assembly(plain="nop") + "nop\n" * 4 + "sdot v0.4s, v1.16b, v2.16b\n" * 3 + "nop\n" * 4
    image = Image(stripped(library(tmp_path, source)))
    [use] = uses(image)
    assert (use.count, use.evidence, use.symbol) == (3, "crowd", "")
    assert confirmed(image, use)


@needs_cross
def test_functions_without_a_size_end_at_the_next(tmp_path: Path) -> None:
    source = assembly(one="nop", two="ptrue p0.s").replace(".size one, . - one", "")
    source = source.replace("    nop\n", "    sdot v0.4s, v1.16b, v2.16b\n")
    found = {(use.symbol, use.extension) for use in uses(Image(library(tmp_path, source)))}
    assert found == {("one", "dotprod"), ("two", "sve")}


@needs_cross
def test_hints_are_harmless(tmp_path: Path) -> None:
    flags = ("-march=armv8-a", "-mbranch-protection=standard")
    assert uses(Image(library(tmp_path, C_SOURCE, *flags))) == ()


@needs_cross
def test_outline_atomics_are_known_without_their_names(tmp_path: Path) -> None:
    source = assembly(
        asking="adrp x16, flag\nldrb w16, [x16, :lo12:flag]\ncbz w16, 1f\nldadd w0, w0, [x1]\n1:",
        bold="ldadd w0, w0, [x1]",
    ) + "\n.bss\n.hidden flag\nflag: .byte 0\n"  # fmt: skip
    image = Image(stripped(library(tmp_path, source.replace("    add x0, x0, x1\n", "", 1))))
    assert [(use.symbol, outline_atomic(image, use)) for use in uses(image)] == [
        ("asking", True), ("bold", False),
    ]  # fmt: skip


def test_other_machines_are_not_decoded(tmp_path: Path) -> None:
    (tmp_path / "lib").write_bytes(make_elf(machine=243))
    image = Image(tmp_path / "lib")
    assert not decodable(image)
    assert uses(image) == ()


@pytest.mark.parametrize("size", [0, 4, 64, 200])
def test_damaged_files_are_the_users_input(tmp_path: Path, size: int) -> None:
    (tmp_path / "lib").write_bytes(make_elf()[:size])
    with pytest.raises(InputError, match="lib: not a sound ELF file"):
        Image(tmp_path / "lib")


def test_without_sections_segments_are_decoded(tmp_path: Path) -> None:
    data = make_elf(soname="x")
    (tmp_path / "lib").write_bytes(data)
    [code] = Image(tmp_path / "lib").code()
    assert (code.name, code.address) == ("segment", 0)
    assert bytes(code.data) == data[: len(code.data)]

from __future__ import annotations

import random
import zipfile
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cross import library, needs_cross, stripped
from elves import make_elf
from small_code import ARCH, CONSTANTS, assembly, mixed
from wheelforge import catalog
from wheelforge.audit import Audit, audit
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from wheelforge.audit.permits import Permits

A64FX = catalog.load_target("a64fx")
V1 = catalog.load_target("neoverse-v1")
GENERIC = catalog.load_target("generic")


def outside(found: Audit) -> dict[str, set[str]]:
    """The functions outside of the target by extension."""
    return {
        extent.extension: {place.symbol for place in extent.outside}
        for item in found.libraries
        for extent in item.isa.extensions
        if extent.outside
    }


@needs_cross
def test_each_target_refuses_what_it_lacks(tmp_path: Path, permits: Permits) -> None:
    path = mixed(tmp_path)
    assert outside(audit(path, permits, V1)) == {}
    assert outside(audit(path, permits, A64FX)) == {"dotprod": {"multiply_dot"}}
    assert outside(audit(path, permits, GENERIC)) == {
        "dotprod": {"multiply_dot"}, "lse": {"count"}, "sve": {"scale_sve"},
    }  # fmt: skip
    found = audit(path, permits, A64FX)
    assert found.refused
    [finding] = found.findings
    assert (finding.level, finding.check, finding.where) == ("error", "isa.outside", "libmixed.so")
    assert "multiply_dot (sdot v0.4s, v1.16b, v2.16b)" in finding.what
    assert "asimddp" in finding.what


@needs_cross
def test_without_a_target_nothing_is_judged(tmp_path: Path, permits: Permits) -> None:
    found = audit(mixed(tmp_path), permits)
    assert (found.target, found.findings, found.refused) == ("", (), False)
    [seen] = found.libraries
    assert {extent.extension for extent in seen.isa.extensions} == {"dotprod", "lse", "sve"}


@needs_cross
def test_dispatch_is_allowed_by_the_name_of_the_library(tmp_path: Path, permits: Permits) -> None:
    found = audit(mixed(tmp_path, name="libsmall-1f2e3d4c.so.1"), permits, GENERIC)
    assert set(outside(found)) == {"dotprod", "lse"}
    [sve] = [item for item in found.libraries[0].isa.extensions if item.extension == "sve"]
    assert (sve.functions, sve.dispatched, sve.by) == (1, 1, ("small",))
    named = audit(mixed(tmp_path), replace(permits, named="small"), GENERIC)
    assert set(outside(named)) == {"dotprod", "lse"}


@needs_cross
def test_wheels_and_folders(tmp_path: Path, permits: Permits) -> None:
    inside = mixed(tmp_path)
    house = tmp_path / "house"
    house.mkdir()
    wheel = house / "small_package-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.write(inside, "small/core.so")
        file.writestr("small/text.so", "no ELF")
    found = audit(wheel, permits, GENERIC)
    assert [item.name for item in found.libraries] == ["small/core.so"]
    assert set(outside(found)) == {"dotprod", "lse"}  # its recipe allows SVE
    (house / "bare.so").write_bytes(inside.read_bytes())
    (house / "link.so").symlink_to("bare.so")
    found = audit(house, permits, GENERIC)
    assert [item.name for item in found.libraries] == ["bare.so", f"{wheel.name}: small/core.so"]
    assert [finding.where for finding in found.findings] == [
        "bare.so", "bare.so", "bare.so", found.libraries[1].name, found.libraries[1].name,
    ]  # fmt: skip


@needs_cross
def test_what_has_no_name_is_told_by_its_place(tmp_path: Path, permits: Permits) -> None:
    source = assembly(hidden="sdot v0.4s, v1.16b, v2.16b").replace(".globl hidden\n", "")
    source = source.replace("hidden:\n", "hidden:\n.cfi_startproc\n").replace(
        "ret\n", "ret\n.cfi_endproc\n"
    )
    path = stripped(library(tmp_path, source))
    [name] = outside(audit(path, permits, A64FX))["dotprod"]
    assert name.startswith("stripped-libsmall.so+0x")


@needs_cross
def test_constants_are_doubtful_and_refuse_nothing(tmp_path: Path, permits: Permits) -> None:
    found = audit(stripped(library(tmp_path, ARCH + CONSTANTS)), permits, A64FX)
    assert not found.refused
    [finding] = found.findings
    assert (finding.level, finding.check) == ("warning", "isa.doubtful")


@needs_cross
def test_a_library_for_neoverse_v1_is_refused_for_a64fx(tmp_path: Path, permits: Permits) -> None:
    source = """
    #include <arm_neon.h>
    #include <arm_sve.h>
    int32x4_t dots(int32x4_t sum, int8x16_t a, int8x16_t b) { return vdotq_s32(sum, a, b); }
    svint32_t products(svint32_t sum, svint8_t a, svint8_t b) { return svmmla_s32(sum, a, b); }
    void add(float *a, const float *b, int n) { for (int i = 0; i < n; i++) a[i] += b[i]; }
    """
    flags = ("-O3", "-mcpu=neoverse-v1", "-ffreestanding")
    path = library(tmp_path, source, *flags, name="libv1.so")
    assert not audit(path, permits, V1).refused
    found = audit(path, permits, A64FX)
    assert outside(found) == {"dotprod": {"dots"}, "sve-i8mm": {"products"}}
    assert {"sve"} <= {extent.extension for extent in found.libraries[0].isa.extensions}


def test_another_machine_is_refused(tmp_path: Path, permits: Permits) -> None:
    (tmp_path / "lib.so").write_bytes(make_elf(machine=62))
    [finding] = audit(tmp_path / "lib.so", permits, A64FX).findings
    assert (finding.level, finding.check) == ("error", "isa.machine")
    assert "x86_64" in finding.what


@needs_cross
def test_what_a_library_says_of_itself(tmp_path: Path, permits: Permits) -> None:
    texts = [
        "arm_compute_version=v24.04 Build options: {'arch': 'armv8a'} Git hash=b'0'",
        "OpenBLAS 0.3.25 DYNAMIC_ARCH",
        "built from 0123456789abcdef0123456789abcdef01234567",
    ]
    source = "\n".join(f'const char text{at}[] = "{text}";' for at, text in enumerate(texts))
    [seen] = audit(library(tmp_path, source), permits).libraries
    assert seen.identity[:3] == (
        texts[0], texts[1], "small 1.0 (commit 0123456789abcdef0123456789abcdef01234567)",
    )  # fmt: skip
    assert seen.identity[3].startswith("GCC: ")


@pytest.mark.parametrize(("name", "told"), [("gone.so", "is not there"), ("text", "is neither")])
def test_what_cannot_be_audited(tmp_path: Path, permits: Permits, name: str, told: str) -> None:
    (tmp_path / "text").write_text("text")
    with pytest.raises(InputError, match=told):
        audit(tmp_path / name, permits)


def test_a_damaged_wheel(tmp_path: Path, permits: Permits) -> None:
    (tmp_path / "a-1-py3-none-any.whl").write_bytes(b"PK")
    with pytest.raises(InputError, match="is not a wheel"):
        audit(tmp_path / "a-1-py3-none-any.whl", permits)


@needs_cross
def test_damaged_tables_are_the_users_input(
    tmp_path_factory: pytest.TempPathFactory, permits: Permits
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    data = mixed(folder).read_bytes()
    draw = random.Random(7)  # noqa: S311
    for _ in range(150):
        broken = bytearray(data)
        for _ in range(8):  # headers are at the ends of a file
            at = draw.choice([draw.randrange(64, 900), draw.randrange(len(data) - 3000, len(data))])
            broken[at] = draw.getrandbits(8)
        (folder / "lib.so").write_bytes(broken)
        with suppress(InputError):
            assert audit(folder / "lib.so", permits, A64FX).libraries

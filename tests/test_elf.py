from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elves import make_elf
from wheelforge import elf
from wheelforge.errors import InputError

SAMPLE = make_elf(
    soname="libdemo.so.1",
    needed=["libc.so.6", "libm.so.6"],
    runpath="$ORIGIN:/opt/lib",
    alignment=0x10000,
)


def test_facts(tmp_path: Path) -> None:
    (tmp_path / "lib").write_bytes(SAMPLE)
    facts = elf.read(tmp_path / "lib")
    assert facts == elf.ElfFacts(
        machine="aarch64",
        soname="libdemo.so.1",
        needed=("libc.so.6", "libm.so.6"),
        rpath=("$ORIGIN", "/opt/lib"),
        alignment=0x10000,
    )


def test_facts_of_a_bare_library_and_of_a_real_program(tmp_path: Path) -> None:
    (tmp_path / "lib").write_bytes(make_elf(rpath="/old", machine=62))
    bare = elf.read(tmp_path / "lib")
    assert (bare.machine, bare.soname, bare.needed, bare.rpath) == ("x86_64", "", (), ("/old",))
    real = elf.read(Path(sys.executable).resolve())
    assert any(name.startswith("libc.") for name in real.needed)
    assert real.alignment >= 0x1000


def test_what_is_elf(tmp_path: Path) -> None:
    (tmp_path / "lib").write_bytes(SAMPLE)
    (tmp_path / "text").write_text("\x7fEL")
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("lib")
    found = [name for name in ("lib", "text", "empty", "link", "gone", ".")
             if elf.is_elf(tmp_path / name)]  # fmt: skip
    assert found == ["lib"]


def test_contains(tmp_path: Path) -> None:
    (tmp_path / "lib").write_bytes(SAMPLE + b"built with 'multi_isa': '1'")
    (tmp_path / "empty").touch()
    assert elf.contains(tmp_path / "lib", "'multi_isa': '1'")
    assert not elf.contains(tmp_path / "lib", "'multi_isa': '0'")
    assert not elf.contains(tmp_path / "empty", "x")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cut=st.integers(4, len(SAMPLE)), at=st.integers(4, len(SAMPLE) - 1), byte=st.integers(0, 255)
)
def test_a_damaged_file_is_the_users_input(tmp_path: Path, cut: int, at: int, byte: int) -> None:
    data = bytearray(SAMPLE)
    data[at] = byte
    (tmp_path / "lib").write_bytes(data[:cut])
    with suppress(InputError):
        assert elf.read(tmp_path / "lib").alignment >= 0


@pytest.mark.parametrize("size", [0, 4, 16, 64, 100])
def test_a_cut_file(tmp_path: Path, size: int) -> None:
    (tmp_path / "lib").write_bytes(SAMPLE[:size])
    with pytest.raises(InputError, match="lib: not a sound ELF file"):
        elf.read(tmp_path / "lib")

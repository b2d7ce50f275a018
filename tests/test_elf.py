from __future__ import annotations

import shutil
import subprocess
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


SOURCE = """
static __attribute__((noinline, used)) int inner(int n) { return n * 3; }
int outer(int n) { return inner(n) + 1; }
__asm__(".text\\nby_hand: nop\\nnop\\nnop\\nnop\\n");
"""


@pytest.mark.parametrize("strip", [False, True])
def test_functions(tmp_path: Path, *, strip: bool) -> None:
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    (tmp_path / "x.c").write_text(SOURCE)
    lib = tmp_path / "x.so"
    words = ["cc", "-O1", "-shared", "-fPIC", *(["-s"] if strip else []), "x.c", "-o", str(lib)]
    subprocess.run(words, cwd=tmp_path, check=True)
    listed = subprocess.run(["nm", "-D", str(lib)], capture_output=True, text=True, check=True)
    outer = next(int(line.split()[0], 16) for line in listed.stdout.splitlines() if "outer" in line)
    base = 0x7F0000000000
    assert elf.function_at(lib, base + outer, base) == ("outer", 0)
    assert elf.function_at(lib, base + outer + 2, base) == ("outer", 2)
    assert elf.function_at(lib, base + 1, base) is None  # in the header
    if strip:
        return
    listed = subprocess.run(["nm", str(lib)], capture_output=True, text=True, check=True)
    places = {line.split()[-1]: line.split()[0] for line in listed.stdout.splitlines()}
    assert elf.function_at(lib, base + int(places["inner"], 16), base) == ("inner", 0)
    assert elf.function_at(lib, base + int(places["by_hand"], 16) + 1, base) == ("by_hand", 1)


def test_a_program_that_is_loaded_where_it_says(tmp_path: Path) -> None:
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    (tmp_path / "x.c").write_text("int main(void) { return 0; }\n")
    words = ["cc", "-no-pie", "x.c", "-o", "x"]
    subprocess.run(words, cwd=tmp_path, check=True)
    listed = subprocess.run(["nm", "x"], cwd=tmp_path, capture_output=True, text=True, check=True)
    main = next(int(line.split()[0], 16) for line in listed.stdout.splitlines()
                if line.endswith(" main"))  # fmt: skip
    assert elf.function_at(tmp_path / "x", main + 1, 0x400000) == ("main", 1)


def test_functions_of_what_is_no_elf_file(tmp_path: Path) -> None:
    (tmp_path / "lib").write_bytes(SAMPLE)
    assert elf.function_at(tmp_path / "lib", 0x1010, 0x1000) is None
    (tmp_path / "text").write_text("text")
    with pytest.raises(InputError, match="not a sound ELF file"):
        elf.function_at(tmp_path / "text", 1, 0)

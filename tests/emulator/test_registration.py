from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wheelforge.emulator import Formats, Registration, elf_program, registration

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = "7f454c460201010000000000000000000200b700"
MASK = "ffffffffffffff00fffffffffffffffffeffffff"


def entry(root: Path, name: str, *, state: str = "enabled", program: str = "", flags: str = "",
          magic: str = MAGIC) -> None:  # fmt: skip
    folder = root / registration.MOUNTED_AT
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "status").write_text("enabled\n")
    text = f"{state}\ninterpreter {program or '/no/qemu'}\nflags: {flags}\noffset 0\n"
    (folder / name).write_text(f"{text}magic {magic}\nmask {MASK}\n" if magic else text)


def test_where_nothing_is_mounted(tmp_path: Path) -> None:
    assert registration.read(tmp_path) == Formats()
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/filesystems").write_text("nodev\tproc\nnodev\tbinfmt_misc\n\text4\n")
    assert registration.read(tmp_path) == Formats(known=True)


def test_what_the_kernel_says(tmp_path: Path) -> None:
    program = tmp_path / "qemu"
    program.write_text("")
    entry(tmp_path, "qemu-aarch64", program=str(program), flags="OCP")
    found = registration.read(tmp_path)
    assert (found.known, found.mounted, found.enabled) == (True, True, True)
    assert found.registrations == (
        Registration(
            name="qemu-aarch64", interpreter=str(program), flags="OCP",
            magic=bytes.fromhex(MAGIC), mask=bytes.fromhex(MASK),
        ),
    )  # fmt: skip


def test_it_may_be_switched_off_as_a_whole(tmp_path: Path) -> None:
    entry(tmp_path, "qemu-aarch64")
    (tmp_path / registration.MOUNTED_AT / "status").write_text("disabled\n")
    found = registration.read(tmp_path)
    assert (found.mounted, found.enabled) == (True, False)


def test_a_registration_is_found_by_what_it_takes_not_by_its_name(tmp_path: Path) -> None:
    entry(tmp_path, "aaa", magic="7f454c460201010000000000000000000200f300")  # RISC-V's number
    entry(tmp_path, "by-extension", magic="")
    entry(tmp_path, "rosetta", flags="F")
    found = registration.read(tmp_path)
    taken = found.of("aarch64")
    assert taken is not None
    assert (taken.name, taken.present) == ("rosetta", True)  # F: the file itself does not matter
    assert (riscv := found.of("riscv64")) is not None
    assert (riscv.name, riscv.present) == ("aaa", False)
    assert found.of("ppc64le") is None
    assert found.of("vax") is None


def test_one_that_works_is_preferred(tmp_path: Path) -> None:
    entry(tmp_path, "z-off", state="disabled", flags="F")
    entry(tmp_path, "b-absent")
    entry(tmp_path, "a-works", flags="F")
    taken = registration.read(tmp_path).of("aarch64")
    assert taken is not None
    assert taken.name == "a-works"


@pytest.mark.parametrize(
    ("head", "takes"),
    [
        ("7f454c46020101030000000000000000", False),  # too short
        ("7f454c460201010300000000000000000300b700", True),  # a shared object, another OS ABI
        ("7f454c460101010000000000000000000200b700", False),  # 32 bits
    ],
)
def test_the_mask_says_which_bits_count(head: str, takes: bool) -> None:
    one = Registration(
        name="x", interpreter="/x", magic=bytes.fromhex(MAGIC), mask=bytes.fromhex(MASK)
    )
    assert one.takes(bytes.fromhex(head)) is takes


def test_every_small_program_is_an_elf_file_of_its_machine(tmp_path: Path) -> None:
    from wheelforge import elf

    names = {"aarch64": "aarch64", "x86_64": "x86_64", "riscv64": "riscv", "ppc64le": "ppc64"}
    for machine, name in names.items():
        elf_program.write(machine, tmp_path / machine)
        assert elf.read(tmp_path / machine).machine == name
        assert elf_program.known(machine)
    assert not elf_program.known("vax")

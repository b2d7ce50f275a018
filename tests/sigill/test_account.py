from __future__ import annotations

from pathlib import Path

import pytest

from wheelforge import sigill
from wheelforge.sigill import Account
from wheelforge.sigill.instruction import decoded

ROOT = Path("/place/trial")
INSIDE = "/place/trial/venv/lib/python3.13/site-packages/numpy.libs/libfoo.so"
LINE = (
    "wheelforge-sigill: machine=aarch64 pc=7f0010 base=7f0000 code=2094826ec0035fd6"
    f" symbol=sdot_kernel+40 file={INSIDE}"
)
UNKNOWN = "an instruction the disassembler does not know"
UDOT = Account("aarch64", 0x7F0010, 0x7F0000, bytes.fromhex("2094826ec0035fd6"),
               "sdot_kernel+40", INSIDE)  # fmt: skip


def test_the_first_account_is_read() -> None:
    assert sigill.read(["noise", LINE, LINE.replace("7f0010", "7f0020")]) == UDOT
    assert sigill.read(["noise", "wheelforge-sigill: cut sho"]) is None
    assert sigill.read([]) is None


def test_what_is_not_known_is_empty() -> None:
    line = "wheelforge-sigill: machine=x86_64 pc=10 base= code= symbol= file="
    assert sigill.read([line]) == Account("x86_64", 16, 0, b"", "", "")


@pytest.mark.parametrize(
    ("account", "told"),
    [
        (UDOT._replace(symbol="d+4", file=INSIDE.replace("foo", "x")),
         "udot v0.4s, v1.16b, v2.16b (0x6e829420; dotprod) in numpy.libs/libx.so, function d+0x4"),
        (UDOT._replace(file="/place/trial/bin/x", symbol=""),
         "udot v0.4s, v1.16b, v2.16b (0x6e829420; dotprod) in bin/x, no function"),
        (UDOT._replace(file="/m.so"),
         "udot v0.4s, v1.16b, v2.16b (0x6e829420; dotprod) in /m.so, function sdot_kernel+0x40"),
        (UDOT._replace(file="", symbol=""),
         "udot v0.4s, v1.16b, v2.16b (0x6e829420; dotprod) in code that was made at run time"),
        (UDOT._replace(code=b"", file=""),
         "an instruction that cannot be read in code that was made at run time"),
        (UDOT._replace(code=bytes(4), file=""),
         "udf #0 (0x00000000) in code that was made at run time"),
        (UDOT._replace(code=b"\xff\xff\xff\xff", file=""),
         f"{UNKNOWN} (0xffffffff) in code that was made at run time"),
        (UDOT._replace(pc=0), "no instruction was refused, the signal was sent"),
    ],
)  # fmt: skip
def test_what_people_are_told(account: Account, told: str) -> None:
    said = sigill.told(account, ROOT)
    if account.code == bytes(4):  # older disassemblers do not know it
        said = said.replace(UNKNOWN, "udf #0")
    assert said == told


def test_whose_instruction_it_is_not() -> None:
    assert sigill.remedy(UDOT, {"QEMU_CPU": "a64fx"}).startswith("the CPU emulated here (a64fx) la")
    assert sigill.remedy(UDOT, {}).startswith("this machine's processor lacks that instruction")
    assert sigill.remedy(UDOT._replace(pc=0), {}) == ""


@pytest.mark.parametrize(
    ("machine", "code", "text", "shown", "extension"),
    [
        ("aarch64", "2048284e", "aese v0.16b, v1.16b", "0x4e284820", "aes"),
        ("aarch64", "2040c21a", "crc32b w0, w1, w2", "0x1ac24020", "crc"),
        ("aarch64", "e0e31825", "ptrue p0.b", "0x2518e3e0", "sve"),
        ("x86_64", "0f0b9090", "ud2", "0f 0b", ""),
        ("x86_64", "62f17c4858c190", "vaddps zmm0, zmm0, zmm1", "62 f1 7c 48 58 c1", "avx512"),
        ("riscv64", "93080000", "", "93 08 00 00", ""),
    ],
)
def test_instructions(machine: str, code: str, text: str, shown: str, extension: str) -> None:
    assert decoded(machine, bytes.fromhex(code)) == (text, shown, extension)

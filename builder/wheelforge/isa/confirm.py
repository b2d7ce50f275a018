"""Names single instructions, and tells code from data that only looks like it (capstone)."""

from __future__ import annotations

import itertools
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wheelforge.isa.image import Image
    from wheelforge.isa.use import Use

_WORD = 4
_ASKING = 5  # words: bti, adrp, ldrb, cbz and one to spare
_AROUND = 2  # words on either side that have to be instructions as well


def confirmed(image: Image, use: Use) -> bool:
    """False where a use in AArch64 code may be data: then say so, and refuse nothing for it.

    Mapping symbols are believed. Without them one of the noted words and its neighbours have to be
    instructions: constants among code are rarely so five times in a row. What lies alone outside
    of every function is not confirmed by anything.
    """
    if use.evidence == "mapped" or image.machine != "aarch64":
        return True
    if use.evidence == "alone":
        return False
    return any(_among_code(image, place, use.start) for place in use.places)


def outline_atomic(image: Image, use: Use) -> bool:
    """True for libgcc's atomics, which ask `__aarch64_have_lse_atomics` first (its lse.S).

    They are recognised by that test, because stripping takes their names: ldrb w16, [x16, …] and
    cbz w16.
    """
    if use.extension != "lse" or image.machine != "aarch64":
        return False
    data = image.read(use.start, _ASKING * _WORD)
    words = [int.from_bytes(data[at : at + _WORD], "little") for at in range(0, len(data), _WORD)]
    return any(
        load & 0xFFC003FF == 0x39400210 and branch & 0xFF00001F == 0x34000010  # noqa: PLR2004
        for load, branch in itertools.pairwise(words)
    )


def instruction(image: Image, address: int) -> str:
    """The instruction at an address, as an assembler writes it; its bytes where capstone cannot."""
    size = _WORD if image.machine == "aarch64" else 15
    data = image.read(address, size)
    for _, _, name, operands in _decoder(image.machine).disasm_lite(data, address, 1):
        return f"{name} {operands}".strip()
    return data[:_WORD][::-1].hex() if image.machine == "aarch64" else data[:8].hex(" ")


def _among_code(image: Image, address: int, function: int) -> bool:
    start = max(address - _AROUND * _WORD, function)
    data = image.read(start, address - start + (_AROUND + 1) * _WORD)
    names = [name for _, _, name, _ in _decoder(image.machine).disasm_lite(data, start)]
    return len(names) * _WORD >= len(data) and "udf" not in names  # small numbers read as udf


@cache
def _decoder(machine: str) -> Any:
    import capstone

    if machine == "aarch64":
        return capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    return capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)

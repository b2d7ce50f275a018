"""Reads machine code: what an instruction is called, and which extension it is of."""

from __future__ import annotations

import re
from typing import NamedTuple

# what capstone calls a group and is an extension of the instruction set
_GROUPS = re.compile(r"avx\d*|sse\w*|ssse3|aes|adx|bmi\d?|fma4?|sha|xop|pclmul")


class Instruction(NamedTuple):
    """`code` as the architecture writes it; `text` where the disassembler knows it, else empty.

    `extension` is what the processor has to have for it, as far as that is known.
    """

    text: str
    code: str
    extension: str


def decoded(machine: str, code: bytes) -> Instruction:
    """The first instruction of `code`."""
    import capstone

    kinds = {
        "aarch64": (capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM),
        "x86_64": (capstone.CS_ARCH_X86, capstone.CS_MODE_64),
    }
    text, size, groups = "", len(code), list[str]()
    if machine in kinds:
        reader = capstone.Cs(*kinds[machine])
        reader.detail = True
        for item in reader.disasm(code, 0, 1):
            text, size = f"{item.mnemonic} {item.op_str}".rstrip(), item.size
            groups = [item.group_name(group) for group in item.groups]
    if machine == "aarch64":
        number = int.from_bytes(code[:4], "little")
        return Instruction(text, f"0x{number:08x}", _extension(number))
    named = next((name for name in groups if _GROUPS.fullmatch(name)), "")
    return Instruction(text, code[:size].hex(" "), named)


def _extension(word: int) -> str:
    """Of AArch64; capstone has no name for most of them."""
    from wheelforge.isa import aarch64

    rows = reversed(aarch64.encodings())  # where rows overlap the later one holds
    return next((row.extension for row in rows if word & row.mask == row.value), "")

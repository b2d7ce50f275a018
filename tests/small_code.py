"""Small libraries of known instructions for tests of what decodes them; they need `cross`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cross import library

if TYPE_CHECKING:
    from pathlib import Path

FUNCTION = """
.globl {name}
.type {name}, %function
{name}:
    add x0, x0, x1
    {code}
    add x0, x0, x1
    add x0, x0, x1
    ret
.size {name}, . - {name}
"""
ARCH = "asm:.arch armv8.6-a+sve2+bf16+i8mm+dotprod+rcpc+lse\n.text\n"


def assembly(**functions: str) -> str:
    """Functions in assembly, each with the given instructions among additions."""
    return ARCH + "".join(FUNCTION.format(name=name, code=code) for name, code in functions.items())


def mixed(folder: Path, name: str = "libmixed.so") -> Path:
    """A library with a plain function, one with SVE, one with dot products and one with LSE."""
    source = assembly(
        plain="fadd v0.4s, v0.4s, v1.4s",
        scale_sve="ptrue p0.s",
        multiply_dot="sdot v0.4s, v1.16b, v2.16b",
        count="ldadd w0, w1, [x2]",
    )
    return library(folder, source, name=name)


# a dot product's encoding as a constant: inside of a function, and after the last one
CONSTANTS = """
.globl pool
.type pool, %function
pool:
    ldr w0, 1f
    ret
    .word 0
1:  .word 0x4e829420
    .word 0
.size pool, . - pool
.word 0, 0, 0, 0x4e829420
"""

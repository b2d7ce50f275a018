from __future__ import annotations

import platform
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from wheelforge.isa.decode import uses
from wheelforge.isa.image import Image

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
.text
.macro function name
.globl \\name
.type \\name, @function
\\name:
.endm
function plain
    movl $0x62c4c5c4, %eax
    lea 0x62c4c5(%rax), %rcx
    ret
.size plain, . - plain
function older
    vaddps %ymm0, %ymm1, %ymm2
    ret
.size older, . - older
function integers
    vpaddd %ymm0, %ymm1, %ymm2
    vaddps %xmm0, %xmm1, %xmm2
    vfmadd231ps %ymm0, %ymm1, %ymm2
    ret
.size integers, . - integers
function wide
    vpaddd %zmm0, %zmm1, %zmm2
    ret
.size wide, . - wide
function tiles
    ldtilecfg (%rsi)
    tileloadd 8(%rsi,%rdx,4), %tmm1
    tdpbssd %tmm3, %tmm2, %tmm1
    tilerelease
    vpaddd %ymm0, %ymm1, %ymm2
    ret
.size tiles, . - tiles
"""


@pytest.mark.skipif(
    platform.machine() != "x86_64" or shutil.which("gcc") is None,
    reason="there is no gcc for x86-64",
)
def test_extensions_of_x86(tmp_path: Path) -> None:
    (tmp_path / "code.s").write_text(SOURCE)
    made = tmp_path / "libcode.so"
    subprocess.run(["gcc", "-shared", "-nostdlib", "-o", made, tmp_path / "code.s"], check=True)
    found = {(use.symbol, use.extension): use.count for use in uses(Image(made))}
    assert found == {
        ("older", "avx"): 1,
        ("integers", "avx"): 1,
        ("integers", "avx2"): 1,
        ("integers", "fma"): 1,
        ("wide", "avx512"): 1,
        ("tiles", "amx"): 4,
        ("tiles", "avx2"): 1,
    }

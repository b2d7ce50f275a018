"""What oneDNN's lines say of implementations, in the forms of its releases."""

from __future__ import annotations

from collections import Counter

import pytest

from wheelforge.primitives import Run, faults, read, told

LINES = {
    # 2.7, 3.1, 3.5 and 3.7, the mini stack; and what is no execution
    "dnnl_verbose,exec,cpu,convolution,gemm:acl,forward,src_f32,,,mb1,0.1": Run(
        "convolution", "gemm:acl"
    ),
    "onednn_verbose,primitive,exec,cpu,matmul,brg:sve_512,undef,src_f32,,,64x256,63.4": Run(
        "matmul", "brg:sve_512"
    ),
    "onednn_verbose,v1,primitive,exec,cpu,reorder,jit:uni,undef,src,,,2x2,1": Run(
        "reorder", "jit:uni"
    ),
    "minidnn_verbose,exec,cpu,matmul,acl:avx2,2x2,0.1": Run("matmul", "acl:avx2"),
    "onednn_verbose,info,cpu,isa:AArch64 SVE (512 bits)": None,
    "onednn_verbose,v1,primitive,create:cache_miss,cpu,matmul,acl,undef,src,,,2x2,1": None,
    "exec,cpu,matmul,ref,": None,
    "": None,
}


@pytest.mark.parametrize("line", LINES)
def test_a_line(line: str) -> None:
    assert read(line) == LINES[line]


FAST, SLOW = Run("matmul", "brg:sve_512"), Run("matmul", "ref:any")
CASES = [
    (Counter({FAST: 2}), {"matmul": ["acl", "*sve*"]}, []),
    (Counter(), {"matmul": ["*"]}, ["no matmul was run or told of"]),
    (
        Counter({FAST: 2}),
        {"convolution": ["*"]},
        ["no convolution was run, only matmul by brg:sve_512 (2 ×)"],
    ),
    (
        Counter({FAST: 1}),
        {"matmul": ["acl", "gemm*"]},
        ["matmul by brg:sve_512, not by acl or gemm*"],
    ),
    (Counter({FAST: 1, SLOW: 1}), {"matmul": ["*"]}, ["matmul by ref:any, which is refused"]),
    (Counter({Run("softmax", "gemm:ref"): 1}), {}, ["softmax by gemm:ref, which is refused"]),
]


@pytest.mark.parametrize(("runs", "wanted", "said"), CASES)
def test_faults(runs: Counter[Run], wanted: dict[str, list[str]], said: list[str]) -> None:
    assert list(faults(runs, wanted, ("ref*", "*:ref*"))) == said


def test_told_in_order() -> None:
    assert told({SLOW: 1, FAST: 3}) == "matmul by brg:sve_512 (3 ×), matmul by ref:any (1 ×)"

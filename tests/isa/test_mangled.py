from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelforge.isa.mangled import readable

KNOWN = {
    "xnn_f32_gemm__neondot": "xnn_f32_gemm__neondot",
    "_ZN8arm_gemm25sve_hybrid_fp32_mla_6x4VLEPKfm": "arm_gemm::sve_hybrid_fp32_mla_6x4VL",
    "_ZN8arm_gemm15GemmInterleavedINS_11cls_sve_fooEffE7executeEv":
        "arm_gemm::GemmInterleaved<…>::execute",
    "_ZN12_GLOBAL__N_15localEv": "(anonymous)::local",
    "_ZN11arm_compute4NESoILNS_3OpsE5EED1Ev": "arm_compute::NESo<…>::~NESo",
    "_ZN3c106TensorC2ERKS0_": "c10::Tensor::Tensor",
    "_ZNSt6vectorIiE7reserveEm": "std::vector<…>::reserve",
    "_ZNKSt5arrayIfLm4EE4sizeEv": "std::array<…>::size",
    "_ZZN2at6native3runEvENKUlvE_clEv": "at::native::run::(local)",
    "_Z4freei": "free",
    "_ZL4freei": "free",
    "_ZTV3Foo": "_ZTV3Foo",
}  # fmt: skip


@pytest.mark.parametrize(("symbol", "name"), KNOWN.items())
def test_known_symbols(symbol: str, name: str) -> None:
    assert readable(symbol) == name


@pytest.mark.skipif(shutil.which("c++filt") is None, reason="there is no c++filt")
def test_cxxfilt_agrees() -> None:
    plain = [
        symbol for symbol, name in KNOWN.items() if symbol.startswith("_ZN") and "<" not in name
    ]
    ran = subprocess.run(["c++filt", *plain], capture_output=True, text=True, check=True)
    for symbol, line in zip(plain, ran.stdout.splitlines(), strict=True):
        assert line.replace("(anonymous namespace)", "(anonymous)").startswith(readable(symbol))


@given(st.text("_ZNKSt0123456789EILXFJDTabcn", max_size=40))
def test_nonsense_ends(text: str) -> None:
    assert readable(f"_ZN{text}")

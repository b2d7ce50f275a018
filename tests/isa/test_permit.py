from __future__ import annotations

import pytest

from wheelforge.isa import COMPILER, Permit, Use, features, known, lacking

SYMBOL = "_ZN8arm_gemm25sve_hybrid_fp32_mla_6x4VLEPKf"


def use(extension: str, symbol: str = "", file: str = "") -> Use:
    return Use(
        extension=extension, symbol=symbol, file=file, start=0, count=1, places=(0,),
        evidence="mapped",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("extension", "pattern", "covered"),
    [
        ("sve", "arm_gemm::sve_*", True),  # as people read it
        ("sve", "*25sve_hybrid*", True),  # as it is mangled
        ("sve*", "arm_gemm::sve_*", True),
        ("*", "arm_gemm::sve_*", True),
        ("sve2", "arm_gemm::sve_*", False),  # of another extension
        ("sve", "arm_gemm::sve", False),  # the whole name has to match
        ("sve", "file:*.SVE256.cpp", True),
        ("sve", "*.SVE256.cpp", False),  # a file is no symbol
        ("sve", "file:*.cc", False),
    ],
)
def test_patterns(extension: str, pattern: str, covered: bool) -> None:
    found = use("sve", SYMBOL, "kernel.cpp.SVE256.cpp")
    assert Permit("p", {extension: (pattern,)}).covers(found) is covered


def test_functions_of_every_file_are_not_local_to_one() -> None:
    assert not Permit("p", {"sve": ("file:*",)}).covers(use("sve", SYMBOL))


def test_the_compilers_own_choice() -> None:
    assert COMPILER.covers(use("lse", "__aarch64_ldadd4_acq_rel"))
    assert not COMPILER.covers(use("lse", "count"))
    assert not COMPILER.covers(use("sve", "__aarch64_ldadd4_acq_rel"))


def test_every_extension_means_a_feature() -> None:
    assert all(features(extension) for extension in known())
    assert not lacking("fp16", {"fphp"})
    assert lacking("fp16", {"asimd"})

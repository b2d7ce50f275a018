"""Extensions as a target's features: archspec uses the kernel's names (HWCAP, cpuinfo flags)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

# extension → features of which a processor that has it shows at least one. Where archspec has no
# name for an extension the kernel's stands here: a target's own `features` may list it.
_AARCH64: dict[str, tuple[str, ...]] = {
    "crc": ("crc32",),
    "lse": ("atomics",),
    "rdm": ("asimdrdm",),
    "fp16": ("asimdhp", "fphp"),
    "fhm": ("asimdfhm",),
    "dotprod": ("asimddp",),
    "fcma": ("fcma",),
    "jscvt": ("jscvt",),
    "rcpc": ("lrcpc",),
    "rcpc2": ("ilrcpc",),
    "bf16": ("bf16",),
    "i8mm": ("i8mm",),
    "aes": ("aes",),
    "pmull": ("pmull",),
    "sha1": ("sha1",),
    "sha2": ("sha2",),
    "sha3": ("sha3",),
    "sha512": ("sha512",),
    "sm3": ("sm3",),
    "sm4": ("sm4",),
    "flagm": ("flagm",),
    "flagm2": ("flagm2",),
    "frintts": ("frint",),
    "pauth": ("paca",),
    "sb": ("sb",),
    "mte": ("mte",),
    "mops": ("mops",),
    "ls64": ("ls64",),
    "wfxt": ("wfxt",),
    "cssc": ("cssc",),
    "sve": ("sve",),
    "sve-bf16": ("svebf16",),
    "sve-i8mm": ("svei8mm",),
    "sve-f32mm": ("svef32mm",),
    "sve-f64mm": ("svef64mm",),
    "sve2": ("sve2",),
    "sve2-aes": ("sveaes",),
    "sve2-pmull": ("svepmull",),
    "sve2-bitperm": ("svebitperm",),
    "sve2-sha3": ("svesha3",),
    "sve2-sm4": ("svesm4",),
    "sme": ("sme",),
    "sme-f64": ("smef64f64",),
    "sme-i64": ("smei16i64",),
}
_X86_64: dict[str, tuple[str, ...]] = {
    "avx": ("avx",),
    "avx2": ("avx2",),
    "fma": ("fma",),
    "f16c": ("f16c",),
    "bmi1": ("bmi1",),
    "bmi2": ("bmi2",),
    "avx512": ("avx512f",),
    "amx": ("amx_tile",),
}


def known() -> frozenset[str]:
    """Every extension that is told apart."""
    return frozenset({*_AARCH64, *_X86_64})


def features(extension: str) -> tuple[str, ...]:
    """The features of which one says that a processor has the extension."""
    return _AARCH64.get(extension) or _X86_64[extension]


def lacking(extension: str, have: Collection[str]) -> bool:
    """True where a processor with these features does not execute the extension."""
    return not any(feature in have for feature in features(extension))

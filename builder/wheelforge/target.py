"""The processor wheels are built for, and what it means to each build system."""

from __future__ import annotations

import msgspec


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A CPU.

    `archspec` is its name in the archspec database, which also gives `features`. `flags` maps a
    compiler family (gcc, clang, fujitsu) to its options, `values` what recipes may ask for as
    `{target.NAME}` (acl_arch, openblas_target, threads …). `page_size` in bytes is what shared
    libraries are aligned to; `compilers` gives the oldest compiler per family that knows the CPU.

    `emulated` are qemu's models of this CPU, or of one without instructions it lacks, in order of
    choice: what runs on them runs on the CPU. Those of `emulated_loosely` run more than it does,
    and are for a qemu that knows none of the former.
    """

    name: str
    summary: str
    machine: str
    archspec: str
    flags: dict[str, str] = {}
    ldflags: str = ""
    values: dict[str, str] = {}
    features: tuple[str, ...] = ()
    page_size: int = 4096
    compilers: dict[str, str] = {}
    emulated: tuple[str, ...] = ()
    emulated_loosely: tuple[str, ...] = ("max",)

    @property
    def words(self) -> frozenset[str]:
        """What a recipe's `target WORD` condition may name."""
        return frozenset({self.name, self.archspec, *self.features})

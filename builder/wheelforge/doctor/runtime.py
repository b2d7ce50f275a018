"""Hints for running what is built: settings that help, or hurt, on the target's processor."""

from __future__ import annotations

from collections.abc import Iterator

from wheelforge.doctor.finding import Finding, ok, run, warning
from wheelforge.doctor.machine import Machine
from wheelforge.doctor.need import Need

_MATH = "DNNL_DEFAULT_FPMATH_MODE"


def reduced(machine: Machine, need: Need) -> Iterator[Finding]:
    """BF16 in oneDNN's float products helps where the processor has it, and only there."""
    if not _is_arm(machine, need):
        return
    known = _bf16(machine, need)
    if known:
        yield ok("bf16", f"run with {_MATH}=BF16 for faster, less exact products")
    elif machine.environment.get(_MATH, "").upper() == "BF16":
        yield warning("bf16", f"{_MATH}=BF16, and the processor has no bf16", run(f"unset {_MATH}"))
    else:
        yield ok("bf16", f"the processor has none: leave {_MATH} unset")


def settings(machine: Machine, need: Need) -> Iterator[Finding]:
    """What to set when torch runs."""
    if not _is_arm(machine, need):
        return
    hints = ["LRU_CACHE_CAPACITY=1024"]
    if _is_a64fx(machine, need):  # tcmalloc and Fujitsu's large pages exclude each other
        hints = ["LD_PRELOAD=libtcmalloc.so.4", "XOS_MMM_L_HPAGE_TYPE=none",
                 "XOS_MMM_L_PAGING_POLICY=demand:demand:demand"]  # fmt: skip
    elif machine.kernel.huge_pages in {"always", "madvise"}:
        hints.append("THP_MEM_ALLOC_ENABLE=1")
    yield ok("run time", f"for torch: {' '.join(hints)}")


def _is_arm(machine: Machine, need: Need) -> bool:
    return (need.target.machine if need.target else machine.machine) == "aarch64"


def _is_a64fx(machine: Machine, need: Need) -> bool:
    return (need.target.archspec if need.target else machine.processor) == "a64fx"


def _bf16(machine: Machine, need: Need) -> bool:
    """What /proc/cpuinfo says where the target is this machine, else what archspec says of it."""
    if need.target is not None and need.target.machine != machine.machine:
        return "bf16" in need.target.features
    if need.target is not None and need.target.archspec != machine.processor:
        return "bf16" in need.target.features and "bf16" in machine.features
    return "bf16" in machine.features

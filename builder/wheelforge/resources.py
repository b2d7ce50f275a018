"""What this process may use: processors and memory, the least of every limit in force."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from wheelforge.errors import InputError

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_UNKNOWN = 1 << 60
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", re.IGNORECASE)


def parse_bytes(text: str, where: str) -> int:
    """`"0.4 GiB"`, `"512M"` or `"1073741824"` in bytes (units are powers of 1024)."""
    match = _AMOUNT.fullmatch(text)
    if not match:
        raise InputError(
            f"'{text}' is not an amount of memory", where=where, remedy='write it as "2 GiB"'
        )
    return int(float(match[1]) * _UNITS[match[2].upper()])


def format_bytes(amount: int) -> str:
    """An amount for people: `"3.2 GiB"`."""
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if amount >= size:
            return f"{amount / size:.1f} {unit}"
    return f"{amount} B"


class Limit(NamedTuple):
    """A limit in force: where it comes from, and what it allows (processors, or bytes)."""

    source: str
    amount: int


def processors(root: Path = Path("/"), environment: Mapping[str, str] = os.environ) -> int:
    """Processors that can be used: the least of the limits, at least one."""
    return max(1, min(limit.amount for limit in processor_limits(root, environment)))


def processor_limits(
    root: Path = Path("/"), environment: Mapping[str, str] = os.environ
) -> list[Limit]:
    """Affinity mask, processors online, cgroup quotas, batch allocation.

    `root` is where /proc and /sys are.
    """
    found = [Limit("affinity mask", len(os.sched_getaffinity(0)))]
    if online := _count(_read(root / "sys/devices/system/cpu/online")):
        found.append(Limit("online", online))
    quotas = [quota for group in _cgroups("cpu", root) if math.isfinite(quota := _quota(group))]
    if quotas:
        found.append(Limit("cgroup quota", math.ceil(min(quotas))))
    return [*found, *_slurm_processors(environment)]


def memory(root: Path = Path("/"), environment: Mapping[str, str] = os.environ) -> int:
    """Bytes that can be used now: the least of the limits."""
    limits = memory_limits(root, environment)
    return max(0, min((limit.amount for limit in limits), default=_UNKNOWN))


def memory_limits(
    root: Path = Path("/"), environment: Mapping[str, str] = os.environ
) -> list[Limit]:
    """MemAvailable, what cgroups leave, and the batch allocation.

    `root` is where /proc and /sys are.
    """
    found = [
        Limit("MemAvailable", int(line.split()[1]) << 10)
        for line in _read(root / "proc/meminfo").splitlines()
        if line.startswith("MemAvailable:")
    ]
    rooms = [room for group in _cgroups("memory", root) if (room := _room(group)) is not None]
    rooms = [room for room in rooms if room < _UNKNOWN]  # v1 writes no limit as a huge one
    if rooms:
        found.append(Limit("cgroup", min(rooms)))
    return [*found, *_slurm_memory(environment)]


def _slurm_processors(environment: Mapping[str, str]) -> list[Limit]:
    """Of this node; what a task may use only where the node's share is not told."""
    for name in ("SLURM_CPUS_ON_NODE", "SLURM_CPUS_PER_TASK"):
        if count := _number(environment.get(name, "")):
            return [Limit(name, count)]
    return []


def _slurm_memory(environment: Mapping[str, str]) -> list[Limit]:
    """In MiB; 0 is all of the node's."""
    if amount := _number(environment.get("SLURM_MEM_PER_NODE", "")):
        return [Limit("SLURM_MEM_PER_NODE", amount << 20)]
    amount = _number(environment.get("SLURM_MEM_PER_CPU", ""))
    of_node = _slurm_processors(environment)
    if amount and of_node:
        return [Limit("SLURM_MEM_PER_CPU", of_node[0].amount * amount << 20)]
    return []


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _count(ranges: str) -> int:
    """How many processors a kernel's list names: `0-3,8`."""
    total = 0
    with suppress(ValueError):
        for part in ranges.strip().split(","):
            first, _, last = part.partition("-")
            total += int(last or first) - int(first) + 1
    return total


def _cgroups(controller: str, root: Path) -> list[Path]:
    """This process's cgroup folders for `controller` (v1 and v2), from its own up to the top."""
    found: list[Path] = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        number, names, path = line.split(":", 2)
        if number == "0":
            top = root / "sys/fs/cgroup"
        elif controller in names.split(","):
            top = root / "sys/fs/cgroup" / controller
        else:
            continue
        group = top / path.strip("/")
        found += [group, *(parent for parent in group.parents if parent.is_relative_to(top))]
    return found


def _quota(group: Path) -> float:
    words = _read(group / "cpu.max").split() or [
        _read(group / "cpu.cfs_quota_us").strip(),
        _read(group / "cpu.cfs_period_us").strip(),
    ]
    with suppress(ValueError, IndexError, ZeroDivisionError):
        quota, period = int(words[0]), int(words[1])
        return quota / period if quota > 0 else math.inf
    return math.inf


def _room(group: Path) -> int | None:
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        with suppress(ValueError):
            return int(_read(group / limit)) - int(_read(group / used)) + _reclaimable(group)
    return None


def _reclaimable(group: Path) -> int:
    """Bytes of page cache that the kernel gives back when asked; counted as used by cgroups."""
    lines = (line.split() for line in _read(group / "memory.stat").splitlines())
    found = {words[0]: int(words[1]) for words in lines if len(words) == 2}  # noqa: PLR2004
    return found.get("total_inactive_file", found.get("inactive_file", 0))  # v1 has both


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text()
    return ""

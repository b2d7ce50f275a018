"""Processors this process may use: the least of every limit in force."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from wheelforge.resources import batch, cgroups
from wheelforge.resources.limit import Limit


def processors(
    root: Path = Path("/"), environment: Mapping[str, str] = os.environ, asked: int = 0
) -> int:
    """Processors that can be used: the least of the limits, at least one."""
    return max(1, min(limit.amount for limit in processor_limits(root, environment, asked)))


def processor_limits(
    root: Path = Path("/"), environment: Mapping[str, str] = os.environ, asked: int = 0
) -> list[Limit]:
    """Affinity mask, processors online, cgroup quotas, batch allocation, `asked` (--jobs; 0: no).

    `root` is where /proc and /sys are. A cpuset (cpuset.cpus.effective) needs no look of its own:
    the kernel takes what it leaves out from the affinity mask, also when it changes.
    """
    found = [Limit("affinity mask", len(os.sched_getaffinity(0)))]
    if online := _count(cgroups.read(root / "sys/devices/system/cpu/online")):
        found.append(Limit("online", online))
    if quotas := cgroups.quotas(root):
        found.append(Limit("cgroup quota", math.ceil(min(quotas))))
    found += batch.processors(environment)
    return [*found, Limit("--jobs", asked)] if asked else found


def _count(ranges: str) -> int:
    """How many processors a kernel's list names: `0-3,8`."""
    total = 0
    with suppress(ValueError):
        for part in ranges.strip().split(","):
            first, _, last = part.partition("-")
            total += int(last or first) - int(first) + 1
    return total

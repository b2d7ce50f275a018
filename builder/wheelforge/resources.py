"""What this process may use: processors and memory, the least of every limit in force."""

from __future__ import annotations

import math
import os
import re
from contextlib import suppress
from pathlib import Path

from wheelforge.errors import InputError

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
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


def processors(root: Path = Path("/")) -> int:
    """Processors in the affinity mask, or fewer where a cgroup's quota allows less.

    `root` is where /proc and /sys are.
    """
    mask = len(os.sched_getaffinity(0))
    quota = min((_quota(group) for group in _cgroups("cpu", root)), default=math.inf)
    return max(1, min(mask, math.ceil(quota) if math.isfinite(quota) else mask))


def memory(root: Path = Path("/")) -> int:
    """Bytes that can be used now: MemAvailable, or less where a cgroup's limit allows less.

    `root` is where /proc and /sys are.
    """
    groups = _cgroups("memory", root)
    rooms = [room for group in groups if (room := _room(group)) is not None]
    return max(0, min([_available(root), *rooms]))


def _available(root: Path) -> int:
    for line in _read(root / "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    return 1 << 60


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

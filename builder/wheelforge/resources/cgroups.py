"""The control groups this process is in, v1 and v2, and what they allow.

A limit of a group holds for all groups below it, so that every folder up to the top counts. Inside
a container /proc names a path that is the host's; then only the folders that are there count.
Source: the kernel's admin-guide/cgroup-v1 and admin-guide/cgroup-v2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_UNLIMITED = 1 << 60  # v1 writes no limit as a number that is about this large
_MEMORY = (  # where a limit comes from, its file, and the file of what is used of it
    ("cgroup", "memory.max", "memory.current"),
    ("cgroup memory.high", "memory.high", "memory.current"),  # above it everything is slowed down
    ("cgroup", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ("cgroup memory.memsw", "memory.memsw.limit_in_bytes", "memory.memsw.usage_in_bytes"),
)
_HELD = ("total_mapped_file", "total_dirty", "total_writeback")
_HELD_V2 = ("file_mapped", "file_dirty", "file_writeback")


@dataclass(frozen=True)
class MemoryGroup:
    """A limit of memory: `limit` in bytes, the files that tell how much is used, and of what."""

    source: str
    limit: int
    usage: Path
    stat: Path


def memory_groups(root: Path) -> list[MemoryGroup]:
    """Every limit of memory this process is under; `root` is where /proc and /sys are."""
    return [
        MemoryGroup(source, limit, folder / used, folder / "memory.stat")
        for folder in _folders("memory", root)
        for source, name, used in _MEMORY
        if (limit := _limit(folder / name)) < _UNLIMITED and (folder / used).is_file()
    ]


def reclaimable(stat: bytes) -> int:
    """Bytes that a group's memory.stat counts as used and the kernel takes back before it kills.

    That is the page cache, whether it was read once or more often: under a tight limit both the
    inactive and the active list are emptied. In v2 it is also the kernel's own caches that shrink
    (v1 does not tell them). Left out are pages that a program has mapped, such as the compiler's
    own code, which would be read again at once, and pages that have to be written out first.
    Mapped are also pages of shared memory, which are on neither list: there this is too little
    rather than too much. In v1 the lines that begin with total_ count the groups below as well.
    """
    words = stat.split()
    found = dict(zip(words[::2], words[1::2], strict=False))

    def sum_of(*names: str) -> int:
        return sum(int(found.get(name.encode(), 0)) for name in names)

    if b"total_inactive_file" in found:
        return max(0, sum_of("total_inactive_file", "total_active_file") - sum_of(*_HELD))
    cache = sum_of("inactive_file", "active_file") - sum_of(*_HELD_V2)
    return max(0, cache) + sum_of("slab_reclaimable")


def quotas(root: Path) -> list[float]:
    """Processors that the quotas in force allow; fractions are possible."""
    found = (_quota(folder) for folder in _folders("cpu", root))
    return [quota for quota in found if math.isfinite(quota)]


def read(path: Path) -> str:
    """A file's text; empty where there is none."""
    with suppress(OSError):
        return path.read_text()
    return ""


def _limit(path: Path) -> int:
    with suppress(ValueError):  # "max", or no such file
        return int(read(path))
    return _UNLIMITED


def _folders(controller: str, root: Path) -> Iterator[Path]:
    """This process's folders for `controller` (v1 and v2), from its own up to the top."""
    for line in read(root / "proc/self/cgroup").splitlines():
        number, names, path = line.split(":", 2)
        if number == "0":
            top = root / "sys/fs/cgroup"
        elif controller in names.split(","):
            top = root / "sys/fs/cgroup" / controller
        else:
            continue
        group = top / path.strip("/")
        yield group
        yield from (parent for parent in group.parents if parent.is_relative_to(top))


def _quota(group: Path) -> float:
    words = read(group / "cpu.max").split() or [
        read(group / "cpu.cfs_quota_us").strip(),
        read(group / "cpu.cfs_period_us").strip(),
    ]
    with suppress(ValueError, IndexError, ZeroDivisionError):
        quota, period = int(words[0]), int(words[1])
        return quota / period if quota > 0 else math.inf
    return math.inf

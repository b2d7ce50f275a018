"""Memory this process may use: the least of every limit in force, once or many times a second.

The limits of a single process, ulimit -v and -d, are no budget that processes share; `wheelforge
doctor` looks at those.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from wheelforge.resources import batch, cgroups
from wheelforge.resources.limit import Limit

_UNKNOWN = 1 << 60
_MOST = 1 << 14  # bytes; /proc/meminfo and memory.stat are a tenth of it


def memory(
    root: Path = Path("/"), environment: Mapping[str, str] = os.environ, asked: int = 0
) -> int:
    """Bytes that can be used now: the least of the limits."""
    limits = memory_limits(root, environment, asked)
    return max(0, min((limit.amount for limit in limits), default=_UNKNOWN))


def memory_limits(
    root: Path = Path("/"), environment: Mapping[str, str] = os.environ, asked: int = 0
) -> list[Limit]:
    """MemAvailable, what cgroups leave, the batch allocation, and `asked` (--memory; 0: no).

    `root` is where /proc and /sys are.
    """
    available = _field(b"MemAvailable:", cgroups.read(root / "proc/meminfo").encode())
    found = [] if available is None else [Limit("MemAvailable", available)]
    found += _least_of_each(cgroups.memory_groups(root))
    found += batch.memory(environment)
    return [*found, Limit("--memory", asked)] if asked else found


class MemoryRoom:
    """The same, asked for often: which limits there are is found out once, files stay open.

    `limit` is the most that could ever be used: the least of MemTotal, the cgroups' limits, the
    batch allocation and `asked`, in bytes.
    """

    def __init__(
        self, root: Path = Path("/"), environment: Mapping[str, str] = os.environ, asked: int = 0
    ) -> None:
        given = [limit.amount for limit in batch.memory(environment)]
        self._budget = min([*given, asked or _UNKNOWN])
        self._meminfo = _opened(root / "proc/meminfo")
        limits: dict[tuple[Path, Path], int] = {}
        for group in cgroups.memory_groups(root):
            files = (group.usage, group.stat)
            limits[files] = min(group.limit, limits.get(files, _UNKNOWN))
        self._groups = [
            (limit, _opened(usage), _opened(stat)) for (usage, stat), limit in limits.items()
        ]
        total = _field(b"MemTotal:", _content(self._meminfo))
        self.limit = min([self._budget, _UNKNOWN if total is None else total, *limits.values()])

    def left(self, held: int = 0) -> int:
        """Bytes that can be used now.

        `held` are the bytes that this run's processes hold, for the limits that no kernel counts
        for us: the batch allocation and --memory.
        """
        available = _field(b"MemAvailable:", _content(self._meminfo))
        left = min(_UNKNOWN if available is None else available, self._budget - held)
        for limit, usage, stat in self._groups:
            with suppress(ValueError):
                free = limit - int(_content(usage))
                if free < left:  # else what could be taken back changes nothing
                    left = min(left, free + cgroups.reclaimable(_content(stat)))
        return max(0, left)

    def close(self) -> None:
        """Close its files; `left` is of no use afterwards."""
        files = {self._meminfo, *(file for _, *pair in self._groups for file in pair)}
        for file in files - {-1}:
            os.close(file)
        self._meminfo, self._groups = -1, []


def _least_of_each(groups: list[cgroups.MemoryGroup]) -> list[Limit]:
    least: dict[str, int] = {}
    for group in groups:
        with suppress(ValueError):
            free = group.limit - int(cgroups.read(group.usage))
            free += cgroups.reclaimable(cgroups.read(group.stat).encode())
            least[group.source] = min(free, least.get(group.source, _UNKNOWN))
    return [Limit(source, free) for source, free in least.items()]


def _field(name: bytes, meminfo: bytes) -> int | None:
    """A line of /proc/meminfo in bytes."""
    at = meminfo.find(name)
    return None if at < 0 else int(meminfo[at + len(name) :].split(None, 1)[0]) << 10


def _opened(path: Path) -> int:
    with suppress(OSError):
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return -1


def _content(file: int) -> bytes:
    """What a file of the kernel says now; empty where it cannot be read."""
    with suppress(OSError):
        return os.pread(file, _MOST, 0)
    return b""

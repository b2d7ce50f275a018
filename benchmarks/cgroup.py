"""A memory cgroup of one's own, version 1 or 2: what runs inside may hold so many bytes.

Needs root, or a folder of version 2 that was delegated to this user.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_TOP = Path("/sys/fs/cgroup")
_PATIENCE = 10.0  # seconds


@dataclass(frozen=True)
class Group:
    """A cgroup with a limit; `version` says how the kernel's files are called."""

    path: Path
    version: int

    def enter(self) -> None:
        """Put the calling process into it: for subprocess's `preexec_fn`."""
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def kills(self) -> int:
        """How many processes the kernel has killed in it for want of memory."""
        file = "memory.oom_control" if self.version == 1 else "memory.events"
        lines = (self.path / file).read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    def peak(self) -> int:
        """The most bytes it has held, page cache included; 0 where the kernel does not say."""
        file = "memory.max_usage_in_bytes" if self.version == 1 else "memory.peak"
        with suppress(OSError):
            return int((self.path / file).read_text())
        return 0

    def empty(self) -> None:
        """Kill what is in it until nothing is."""
        deadline = time.monotonic() + _PATIENCE
        while members := (self.path / "cgroup.procs").read_text().split():
            for pid in members:
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            if time.monotonic() > deadline:
                raise SystemExit(f"{self.path}: {len(members)} processes cannot be killed")
            time.sleep(0.02)


@contextmanager
def limited(limit: int) -> Iterator[Group]:
    """A new group that may hold `limit` bytes and no swap; what is left in it is killed."""
    top, version = _parent()
    group = Group(top / f"wheelforge-bench-{os.getpid()}-{time.monotonic_ns()}", version)
    try:
        group.path.mkdir()
    except OSError as error:
        raise SystemExit(f"{group.path}: {error.strerror}; a memory limit needs root") from error
    try:
        if version == 1:
            (group.path / "memory.limit_in_bytes").write_text(str(limit))
            swap = (group.path / "memory.memsw.limit_in_bytes", str(limit))
        else:
            (group.path / "memory.max").write_text(str(limit))
            swap = (group.path / "memory.swap.max", "0")
        with suppress(OSError):  # a kernel that does not count swap
            swap[0].write_text(swap[1])
        yield group
    finally:
        group.empty()
        _remove(group.path)


def _parent() -> tuple[Path, int]:
    """Where a group can be made: in our own (version 1), or beside it (version 2)."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if "memory" in names.split(","):
            own = _TOP / "memory" / path.strip("/")
            return (own if own.is_dir() else _TOP / "memory"), 1
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        own = _TOP / line.split(":", 2)[2].strip("/")
        for folder in (own, *own.parents):
            with suppress(OSError):
                if "memory" in (folder / "cgroup.subtree_control").read_text().split():
                    return folder, 2
    raise SystemExit("no memory cgroup can be made here: no controller is on offer")


def _remove(path: Path) -> None:
    """The kernel may take a moment to see that the last process is gone."""
    deadline = time.monotonic() + _PATIENCE
    while path.exists() and time.monotonic() < deadline:
        with suppress(OSError):
            path.rmdir()
        time.sleep(0.05)

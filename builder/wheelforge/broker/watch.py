"""How much memory a compiler holds now, with everything it started."""

from __future__ import annotations

import os
from contextlib import suppress

_PAGE = os.sysconf("SC_PAGE_SIZE")


def held(process: int) -> int:
    """Bytes of its own (not shared with others) that a process and its descendants hold; 0: gone.

    A driver starts its compiler and assembler from its main thread, so that thread's children are
    enough (proc(5): /proc/PID/task/TID/children, statm).
    """
    total = 0
    pending = [process]
    while pending:
        number = pending.pop()
        with suppress(OSError, ValueError, IndexError):
            resident, shared = _read(f"/proc/{number}/statm").split()[1:3]
            total += (int(resident) - int(shared)) * _PAGE
            pending += map(int, _read(f"/proc/{number}/task/{number}/children").split())
    return total


def _read(path: str) -> bytes:
    """A small file of /proc, in three system calls: this is done many times a second."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, 1 << 16)
    finally:
        os.close(file)

"""GNU make's jobserver, for tools below a step that speak it: make, cargo, gcc -flto=jobserver.

The pipe form, as make 4.3 knows no other. Tokens are jobs of the one budget, lent to a step as
long as nobody waits for them; each step has a pipe of its own, so that what a killed tool leaks
ends with the step. (GNU make manual, "POSIX jobserver".)
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from contextlib import suppress


class JobServer:
    """One step's pipe. `lent` tokens are in it or with the tools that took them."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        self.lent = 0

    @property
    def descriptors(self) -> tuple[int, int]:
        """The two ends, which the step's programs inherit."""
        return self._reading, self._writing

    @property
    def auth(self) -> str:
        """How it is called in MAKEFLAGS and by whoever paid with one of its tokens."""
        return f"{self._reading},{self._writing}"

    @property
    def flags(self) -> str:
        """MAKEFLAGS: without -j, which makes make ignore it."""
        return f" --jobserver-auth={self.auth}"

    def lend(self, count: int) -> None:
        """Put tokens into the pipe."""
        os.write(self._writing, b"+" * count)
        self.lent += count

    def unused(self) -> int:
        """Tokens nobody has taken."""
        answer = fcntl.ioctl(self._reading, termios.FIONREAD, b"\0" * 4)
        return int(struct.unpack("i", answer)[0])

    def withdraw(self, count: int) -> int:
        """Take back up to `count` unused tokens; how many there were.

        Clients read with blocking reads, so the descriptor stays blocking: what FIONREAD promised
        may be gone, and is asked for with a read that cannot block.
        """
        taken = 0
        with suppress(BlockingIOError), _Unblocked(self._reading) as descriptor:
            taken = len(os.read(descriptor, count)) if count > 0 else 0
        self.lent -= taken
        return taken

    def close(self) -> None:
        """The step has ended, and with it whatever was lent."""
        os.close(self._reading)
        os.close(self._writing)
        self.lent = 0


class _Unblocked:
    """A second open file of the same pipe that does not block; the clients' own one still does."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = os.open(
            f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        )

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

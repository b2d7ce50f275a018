"""What gates say and are told (gate.c is the other end).

A gate sends messages of NUL-separated fields behind a length of four bytes, big-endian:
`ask` kind pid mark cwd jobserver argv…, `started` child (of what runs for a tenth of a second),
`ended` status peak-KiB user-ms system-ms killed said. It is answered with lines: `go`, `go FILE`
(write there what was read), `fresh` (nothing is to be done), `over` (say what it said, and end).
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from wheelforge.broker.budget import Task
from wheelforge.invocation import legible

_BACKLOG = 1024
_CHUNK = 1 << 16
_LENGTH = struct.Struct(">I")
_LONGEST = 64 << 20


class Ask(NamedTuple):
    """A gate wants to start a compile or link; `jobserver` is the pipe it was paid from, or ""."""

    kind: str
    mark: str
    cwd: str
    jobserver: str
    argv: tuple[str, ...]


class Ended(NamedTuple):
    """How a compiler ended: status as a shell counts it, bytes at most, and what it complained."""

    status: int
    peak: int
    killed: bool
    said: str


class Desk(Protocol):
    """Whoever answers gates."""

    def asked(self, line: GateLine, ask: Ask) -> None: ...
    def started(self, line: GateLine, child: int) -> None: ...
    def ended(self, line: GateLine, end: Ended) -> None: ...
    def gone(self, line: GateLine) -> None: ...


class GateLine:
    """The connection of one gate, which is the slot of its compiler."""

    def __init__(self, desk: Desk, connection: socket.socket, leave: Callable[[int], None]) -> None:
        self._desk = desk
        self._connection = connection
        self._leave = leave
        self._buffer = b""
        self.task: Task | None = None

    def read(self) -> None:
        """Take what there is, and act on every whole message."""
        try:
            data = self._connection.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:  # it died without having read its answer
            data = b""
        if not data:
            self.close()
            self._desk.gone(self)
            return
        self._buffer += data
        try:
            while (message := self._message()) is not None:
                self._read(os.fsdecode(message).split("\0"))
        except (ValueError, OverflowError):  # not a gate
            self.close()
            self._desk.gone(self)

    def _message(self) -> bytes | None:
        """The next whole message, without its length."""
        if len(self._buffer) < _LENGTH.size:
            return None
        (size,) = _LENGTH.unpack_from(self._buffer)
        if size > _LONGEST:
            raise ValueError(size)
        end = _LENGTH.size + size
        if len(self._buffer) < end:
            return None
        message, self._buffer = self._buffer[_LENGTH.size : end], self._buffer[end:]
        return message

    def send(self, line: str) -> None:
        """Answer, where somebody still listens; a line always fits into a socket's buffer."""
        with suppress(OSError):
            self._connection.send(os.fsencode(line) + b"\n")

    def close(self) -> None:
        """Hang up: a gate whose compiler runs ends it."""
        if (descriptor := self._connection.fileno()) >= 0:
            self._leave(descriptor)
            self._connection.close()

    def _read(self, fields: list[str]) -> None:
        match fields:
            case ["ask", kind, _, mark, cwd, jobserver, *argv]:
                self._desk.asked(self, Ask(kind, mark, cwd, jobserver, tuple(argv)))
            case ["started", child]:
                self._desk.started(self, int(child))
            case ["ended", status, peak, _, _, killed, *said]:
                code = os.waitstatus_to_exitcode(int(status))
                code = 128 - code if code < 0 else code
                end = Ended(code, int(peak) << 10, killed == "1", legible("\n".join(said)))
                self._desk.ended(self, end)
            case _:
                raise ValueError(fields[0])


class Entrance:
    """Where gates come in; `lines` are all that have not hung up, by their descriptor.

    Gates are plain sockets in an epoll set of their own, and the loop watches the set: a reader of
    the loop's for each, let alone a transport, costs more than all the rest of a short compile.
    """

    def __init__(self, desk: Desk, path: Path) -> None:
        self._desk = desk
        self.lines: dict[int, GateLine] = {}
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listening.bind(str(path))
        self._listening.listen(_BACKLOG)
        self._door = self._listening.fileno()
        self._set = select.epoll()
        self._set.register(self._door, select.EPOLLIN)
        asyncio.get_running_loop().add_reader(self._set.fileno(), self._ready)

    def _ready(self) -> None:
        for descriptor, _ in self._set.poll(0):
            if descriptor == self._door:
                self._accept()
            elif line := self.lines.get(descriptor):  # else it was closed a moment ago
                line.read()

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except OSError:  # nobody is there any more
            return
        connection.setblocking(False)
        descriptor = connection.fileno()
        line = self.lines[descriptor] = GateLine(self._desk, connection, self._leave)
        self._set.register(descriptor, select.EPOLLIN)
        line.read()  # it asks at once

    def _leave(self, descriptor: int) -> None:
        del self.lines[descriptor]
        self._set.unregister(descriptor)

    def close(self) -> None:
        """Hang up on everybody."""
        asyncio.get_running_loop().remove_reader(self._set.fileno())
        self._listening.close()
        for line in list(self.lines.values()):
            line.close()
        self._set.close()

"""A broker that says what a test tells it to, and reads what gates send, one message at a time."""

from __future__ import annotations

import os
import select
import shutil
import socket
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Self

PATIENCE = 30.0


class Talk:
    """The connection of one gate."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        peer.settimeout(PATIENCE)

    def hear(self) -> list[str]:
        """The fields of its next message; empty when it, and all it started, has gone.

        Not `started`, which is only said of what runs long enough.
        """
        while (fields := self._message())[:1] == ["started"]:
            pass
        return fields

    def say(self, line: str) -> None:
        self._peer.sendall(os.fsencode(line) + b"\n")

    def started(self, answer: str = "go") -> int:
        """Answer what it asks or did; the pid of what it then starts, and lets run."""
        self.say(answer)
        kind, pid = self._message()
        assert kind == "started"
        return int(pid)

    def open_for(self, seconds: float) -> bool:
        """Whether for so long nothing comes, not even the end of the connection."""
        return not select.select([self._peer], [], [], seconds)[0]

    def close(self) -> None:
        self._peer.close()

    def _message(self) -> list[str]:
        head = self._read(4)
        if not head:
            return []
        return [os.fsdecode(field) for field in self._read(int.from_bytes(head)).split(b"\0")]

    def _read(self, size: int) -> bytes:
        data = b""
        with suppress(ConnectionResetError):  # a gate that died with an answer unread
            while len(data) < size and (part := self._peer.recv(size - len(data))):
                data += part
        return data


class FakeBroker:
    """Listens at `path`, which is short: pytest's own folders can be too long for a socket."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="broker-")
        self.path = str(Path(self._folder, "s"))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.settimeout(PATIENCE)
        self._listener.bind(self.path)
        self._listener.listen()
        self._talks: list[Talk] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        shutil.rmtree(self._folder)

    def accept(self) -> tuple[Talk, list[str]]:
        """The next gate that calls, and what it asks."""
        talk = Talk(self._listener.accept()[0])
        self._talks.append(talk)
        return talk, talk.hear()

    def quiet(self) -> bool:
        """Whether nobody has called."""
        return not select.select([self._listener], [], [], 0)[0]

    def close(self) -> None:
        """As when wheelforge is killed: nobody listens and every connection ends."""
        self._listener.close()
        for talk in self._talks:
            talk.close()

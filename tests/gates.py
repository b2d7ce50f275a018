"""A keeper with real gates in front of compilers that do what a test tells them."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wheelforge.broker import Keeper, Lease, Seat, Wish
from wheelforge.events import Event
from wheelforge.process import MARK

GIB = 1 << 30
WAIT = 20.0
# fakecc -c NAME.c -o NAME.o: runs until NAME.end or all.end is there; NAME.bad makes it fail.
COMPILER = """#!/bin/sh
name=${2%.c}
echo x >> $name.tries
echo $$ > $name.pid && mv $name.pid $name.runs
while ! test -e $name.end && ! test -e all.end; do sleep 0.02; done
rm $name.runs
test -e $name.bad && { echo "$name.c:1: error: bad" >&2; exit 1; }
cp $name.c $name.o
test "$5" = -MD && echo "$name.o: $name.c" > "$7"
exit 0
"""


@dataclass
class Room:
    """As much memory as the test says."""

    limit: int = 10 * GIB
    free: int = 10 * GIB

    def left(self, held: int = 0) -> int:
        assert held >= 0
        return self.free


@dataclass
class Site:
    """A keeper, and what was started below it. Use its `open`."""

    root: Path
    gate: Path
    jobs: int = 2
    room: Room = field(default_factory=Room)
    events: list[Event] = field(default_factory=list)
    asked_again: int = 0

    def __post_init__(self) -> None:
        self.keeper = Keeper(
            jobs=self.jobs, room=self.room, peaks=self.root / "peaks", tell=self.events.append
        )
        self.compiler = self.root / "fakecc"
        self.compiler.write_text(COMPILER)
        self.compiler.chmod(0o755)
        self._children: list[asyncio.subprocess.Process] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Keeper]:
        """Answer gates; at the end whatever still runs is killed."""
        async with self.keeper.open(self._on_room):
            try:
                yield self.keeper
            finally:
                for child in self._children:
                    if child.returncode is None:
                        child.kill()
                    await child.communicate()

    def _on_room(self) -> None:
        self.asked_again += 1

    @asynccontextmanager
    async def seat(
        self, step: str = "build:a", most: int = 0, estimate: int = 1 << 20, priority: float = 0.0
    ) -> AsyncIterator[Seat]:
        """A step that was admitted, in a work folder of its own."""
        lease = self.admit(step, most=most, priority=priority)
        assert lease is not None
        work = self.root / step.replace(":", "-")
        work.mkdir(exist_ok=True)
        try:
            async with self.keeper.seat(step, "demo", work, estimate, self.events.append) as seat:
                yield seat
        finally:
            self.keeper.release(lease)

    def admit(self, step: str, *, most: int = 0, priority: float = 0.0) -> Lease | None:
        """Ask for leave to begin."""
        wish = Wish(jobs=most or self.jobs, memory_per_job=0, step=step, priority=priority)
        return self.keeper.admit(wish, ())

    def env(self, seat: Seat | None) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "WHEELFORGE_BROKER": str(self.keeper.socket),
            "WHEELFORGE_GATE": str(self.gate),
            MARK: seat.mark if seat else "nobody's",
        }

    async def start(self, seat: Seat, *words: str | Path, **extra: str) -> Ending:
        """Start a program in the seat's work folder, with its jobserver."""
        child = await asyncio.create_subprocess_exec(
            *words,
            cwd=seat.work,
            env={**self.env(seat), **extra},
            pass_fds=seat.server.descriptors,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self._children.append(child)
        return Ending(child)

    async def compile(self, seat: Seat, name: str) -> Ending:
        """Compile NAME.c to NAME.o through the gate."""
        self.source(seat, name)
        words = ("-c", f"{name}.c", "-o", f"{name}.o")
        return await self.start(seat, self.gate, self.compiler, *words)

    def source(self, seat: Seat, name: str) -> None:
        """An old source, unless there is one."""
        if not self.has(seat, f"{name}.c"):
            os.utime(self.put(seat, f"{name}.c"), (1.0, 1.0))

    def put(self, seat: Seat, name: str, text: str = "") -> Path:
        """A file in the work folder, written now."""
        path = Path(seat.work, name)
        path.write_text(text)
        return path

    def has(self, seat: Seat, name: str) -> bool:
        return Path(seat.work, name).exists()

    def remove(self, seat: Seat, name: str) -> None:
        Path(seat.work, name).unlink()

    def kill_compiler(self, seat: Seat, name: str) -> int:
        """As the kernel does when memory runs out; the process that it was."""
        pid = self.pid(seat, name)
        self.remove(seat, f"{name}.runs")
        os.kill(pid, signal.SIGKILL)
        return pid

    def running(self, *seats: Seat) -> list[str]:
        """The names that are being compiled."""
        return sorted(path.stem for seat in seats for path in Path(seat.work).glob("*.runs"))

    def pid(self, seat: Seat, name: str) -> int:
        return int(Path(seat.work, f"{name}.runs").read_text())

    def tries(self, seat: Seat, name: str) -> int:
        return Path(seat.work, f"{name}.tries").read_text().count("x")

    def end(self, seat: Seat, name: str = "all") -> None:
        """Let a compiler end, now or when it begins."""
        self.put(seat, f"{name}.end")

    def told(self, kind: type) -> list[Any]:
        """The events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]


@dataclass(frozen=True)
class Ending:
    """A program that was started."""

    child: asyncio.subprocess.Process

    async def said(self) -> tuple[int | None, str]:
        """Its exit code and what it printed."""
        out, _ = await asyncio.wait_for(self.child.communicate(), WAIT)
        return self.child.returncode, out.decode()


async def until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds, and fail when it takes too long."""
    deadline = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < deadline, f"not within {WAIT:.0f} s: {what}"
        await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process is there and is more than a name in its parent's list."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def stopped(pid: int) -> bool:
    """Whether a process was sent SIGSTOP; one that waits for its vfork's stopped child counts."""
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return state == "T" or (state == "D" and any(stopped(int(child)) for child in children))

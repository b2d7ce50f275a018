"""One fetch under way: where it may write, whom it tells, and how it is stopped."""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

from wheelforge import process
from wheelforge.errors import InputError

_T = TypeVar("_T")
_LOCK_POLL_SECONDS = 0.2


class StoppedError(Exception):
    """The fetch was cancelled; raised in the thread that works for it."""


class Brought(NamedTuple):
    """What a driver brought: its files (in scratch, or parts), their identity, their origin."""

    files: tuple[Path, ...]
    identity: str
    address: str


class Stop:
    """Tells a working thread that its task was cancelled, and interrupts what it waits for."""

    def __init__(self) -> None:
        self._set = threading.Event()
        self.interrupt: Callable[[], object] = lambda: None

    def set(self) -> None:
        self._set.set()
        with suppress(Exception):  # a connection that is just being closed cannot be interrupted
            self.interrupt()

    def check(self, wait: float = 0.0) -> None:
        """Raise StoppedError when stopped, at once or within `wait` seconds."""
        if self._set.wait(wait) if wait else self._set.is_set():
            raise StoppedError


@dataclass(frozen=True, kw_only=True)
class Errand:
    """What every driver is given. `scratch` is private to this fetch and gone after it."""

    label: str
    root: Path
    scratch: Path
    offline: bool
    tell: Callable[[str], None]
    progress: Callable[[int, int], None]
    stop: Stop = field(default_factory=Stop)

    async def blocking(self, work: Callable[[], _T]) -> _T:
        """Run `work` in a thread; on cancellation it is stopped and waited for."""
        job = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            self.stop.set()
            job.add_done_callback(lambda done: done.cancelled() or done.exception())
            await asyncio.wait({job})
            raise

    async def run(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> str:
        """Run a program that may take long in the scratch folder, telling its output line by line.

        Returns its output (with standard error); raises ProgramError on a code other than 0.
        """
        lines: list[str] = []

        def hear(line: str) -> None:
            if line.strip():
                lines.append(line)
                self.tell(line)

        spawn = process.Spawn(
            argv=argv,
            cwd=self.scratch,
            env=os.environ if env is None else env,
            log=self.scratch / "program.log",
        )
        if code := await process.stream(spawn, hear):
            raise process.ProgramError(argv, code, "\n".join(lines))
        return "\n".join(lines)

    def offline_error(self) -> InputError:
        return InputError(
            f"{self.label} is not in the source cache, and fetching needs the network",
            where="--offline",
            remedy="on a connected machine: wheelforge fetch … --bundle FILE; "
            "then here: --offline --bundle FILE",
        )


@asynccontextmanager
async def locked(path: Path, tell: Callable[[str], None]) -> AsyncIterator[None]:
    """Hold a lock so that two runs do not bring the same thing twice.

    Only an optimisation: what is published is verified, and the first one wins. Where the file
    system knows no locks there is none.
    """
    handle = _open(path)
    try:
        waiting = False
        while not _lock(handle):
            if not waiting:
                tell("another run is fetching the same; waiting for it")
            waiting = True
            await asyncio.sleep(_LOCK_POLL_SECONDS)
        yield
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True

"""One step while it runs: its paths, its log, its commands.

Build, repair and check are all a `Job`: they differ in what they prepare and what they publish.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wheelforge import atomic, diagnosis, digest, process
from wheelforge.errors import BuildError, InputError
from wheelforge.events import CommandStarted, Event, Notice, OutputLine, Progress
from wheelforge.fetch import Sources
from wheelforge.graph import Command, Step, WheelSet
from wheelforge.history import History, Record
from wheelforge.pin import PinnedSource
from wheelforge.sandbox import offline_prefix
from wheelforge.store import Entry, Manifest, Store
from wheelforge.template import render

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from filelock import FileLock

_LOCK_POLL_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """The places and services every step of a run shares. `home` is WHEELFORGE_HOME."""

    home: Path
    store: Store
    sources: Sources
    history: History
    logs: Path


@dataclass(kw_only=True)
class Job:
    """A step about to run: `key` of its result, `needs` the outputs its key was made of.

    `results` are the entries of the steps it needs, `jobs` what it was granted.
    """

    step: Step
    key: str
    needs: Mapping[str, str]
    results: Mapping[str, Entry]
    jobs: int
    workshop: Workshop
    tell: Callable[[Event], None]
    again: str
    units: int = 0
    private: str = ""

    @property
    def log(self) -> Path:
        """Where everything the step's programs print goes."""
        return self.workshop.logs / f"{self.step.id.replace(':', '-')}.log"

    @property
    def work(self) -> Path:
        """The step's own folder; kept when it fails, so that the next run goes on from there."""
        return self.workshop.home / "work" / f"{self.key[:20]}{self.private}"

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Entry | None]:
        """Hold the step's work folder; yields the result when another process made it meanwhile.

        The lock only saves work: where the file system cannot lock, the folder is made private.
        """
        lock = await self._lock()
        try:
            process.end_marked(self.key)
            yield self.workshop.store.find(self.key, self.step.name, self.step.version).entry
        finally:
            if lock is not None:
                lock.release()

    async def _lock(self) -> FileLock | None:
        from filelock import FileLock, Timeout

        locks = self.workshop.home / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(locks / self.key[:20])
        told = False
        while True:
            try:
                lock.acquire(timeout=0)
            except Timeout:
                if not told:
                    self.tell(Notice(text=f"{self.step.id}: waiting for another build of the same"))
                told = True
                await asyncio.sleep(_LOCK_POLL_SECONDS)
            except (NotImplementedError, OSError):
                self.private = f"-{socket.gethostname()}-{os.getpid()}"
                return None
            else:
                return lock

    async def run(
        self,
        command: Command,
        paths: Mapping[str, str],
        env: Mapping[str, str],
        timeout_minutes: float | None = None,
    ) -> None:
        """Run one command to its end; BuildError with the first error line of its output."""

        def fill(text: str) -> str:
            return render(text, lambda name: self._value(name, paths))

        argv = [fill(part) for part in command.argv]
        variables = {name: fill(value) for name, value in env.items()}
        cwd = Path(fill(command.cwd))
        os.makedirs(cwd, exist_ok=True)  # noqa: PTH103 - a moment, and nothing waits
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ cd {cwd}\n$ {' '.join(argv)}\n")
        self.tell(CommandStarted(step=self.step.id, label=command.label))
        lines: list[str] = []
        meter = _Meter(self)
        spawn = process.Spawn(
            argv=[*(offline_prefix() if command.offline else ()), *argv],
            cwd=cwd,
            env={**variables, process.MARK: self.key},
            log=self.log,
            timeout=timeout_minutes * 60 if timeout_minutes else None,
        )

        def on_line(text: str) -> None:
            lines.append(text)
            self.tell(OutputLine(step=self.step.id, text=text))
            meter.read(text)

        code = await process.stream(spawn, on_line)
        process.end_marked(self.key)
        if code != 0:
            raise self._failure(command, code, lines)

    async def verified(self, whats: Sequence[PinnedSource | WheelSet]) -> None:
        """Check cached sources against their digests before use; damaged ones are fetched again."""
        for what in whats:
            await self.workshop.sources.fetch(
                what,
                lambda text: self.tell(OutputLine(step=self.step.id, text=text)),
                lambda _done, _total: None,
            )

    def publish(self, tree: Path, *, product: str = "", seconds: float = 0.0) -> Entry:
        """Put a finished tree into the store under the step's key."""
        manifest = Manifest(
            key=self.key,
            name=self.step.name,
            version=self.step.version,
            step=self.step.id,
            inputs=self.step.inputs,
            needs=dict(self.needs),
            files=(),
            output="",
            created=time.time(),
            seconds=seconds,
            product=product,
        )
        entry = self.workshop.store.publish(tree, manifest)
        self.workshop.history.put(self.step.id, Record(seconds, self.units))
        return entry

    def _value(self, name: str, paths: Mapping[str, str]) -> str:
        if name == "jobs":
            return str(self.jobs)
        if name in paths:
            return paths[name]
        raise InputError(f"'@{{{name}}}' is not known here", where=self.step.id)

    def _failure(self, command: Command, code: int, lines: list[str]) -> Exception:
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        if diagnosis.disk_full(lines):
            return InputError(
                f"no space left on the device ({command.label})",
                where=str(self.workshop.home),
                remedy=f"free space there or set WHEELFORGE_HOME elsewhere; log: {self.log}",
            )
        first = diagnosis.first_error(lines) or "(it printed nothing)"
        return BuildError(
            f"{command.label} failed with {how}: {first}",
            where=self.step.id,
            remedy=f"log: {self.log}\n  again: {self.again}",
        )


_NINJA = re.compile(r"\[(\d+)/(\d+)\]")
_PERCENT = re.compile(r"\[\s*(\d+)%\]")
_COMPILE = re.compile(
    r"(?:^|/)(?:[\w.]+-)*(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|gfortran|fcc|FCC)"
    r"(?:-[\d.]+)? .*\s-c\s|^\s*(?:CC|CXX|FC)\s+\S"
)


class _Meter:
    """Reads progress out of build output: Ninja's n/m, CMake's percent, else compiles counted."""

    def __init__(self, job: Job) -> None:
        self._job = job
        record = job.workshop.history.get(job.step.id)
        self._expected = record.units if record else 0
        self._foreign = False

    def read(self, line: str) -> None:
        for pattern in (_NINJA, _PERCENT):
            if match := pattern.match(line):
                self._foreign = True
                done, total = int(match[1]), int(match[2]) if pattern is _NINJA else 100
                self._job.tell(Progress(step=self._job.step.id, done=done, total=total))
                return
        if not self._foreign and _COMPILE.search(line):
            self._job.units += 1
            total = self._expected if self._expected >= self._job.units else 0
            self._job.tell(Progress(step=self._job.step.id, done=self._job.units, total=total))


class Stamps:
    """Which commands of a work folder ended well; a command that changed runs again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def done(self, command: Command) -> bool:
        """True when exactly this command ended well here before."""
        try:
            return self._file(command).read_text() == self._sign(command)
        except OSError:
            return False

    def set(self, command: Command) -> None:
        """Note that it ended well."""
        atomic.write(self._file(command), self._sign(command).encode())

    def _file(self, command: Command) -> Path:
        return self._folder / command.label

    def _sign(self, command: Command) -> str:
        return digest.of_value(msgspec.to_builtins(command))


def fresh(folder: Path) -> Path:
    """An empty folder in place of whatever was there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def link_programs(folder: Path, programs: Mapping[str, str]) -> None:
    """A folder for PATH that holds exactly these programs."""
    fresh(folder)
    for name, target in programs.items():
        (folder / name).symlink_to(target)


def take(tree: Path, patterns: Sequence[str], into: Path, *, flat: bool) -> int:
    """Copy what matches the glob patterns; `flat` drops the folders. How many files were taken."""
    taken = 0
    for pattern in patterns:
        matched = sorted(tree.glob(pattern))
        if not matched:
            raise BuildError(
                f"nothing in the source tree matches '{pattern}'",
                where=f"install of {tree}",
                remedy="correct [install] in the recipe, or the build's targets",
            )
        for path in matched:
            target = into / (path.name if flat else path.relative_to(tree))
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir() and not path.is_symlink():
                shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(path, target, follow_symlinks=False)
            taken += 1
    return taken

"""A step about to run and everything it does: lock its folder, run commands, publish.

Build, repair and check are all a `Job`: they differ in what they prepare and what they publish.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from wheelforge import atomic, evidence, process
from wheelforge.errors import InputError
from wheelforge.events import (
    CacheUsed,
    CommandStarted,
    Event,
    Notice,
    OutputLine,
    Progress,
    UnitFinished,
)
from wheelforge.fetch import Sources
from wheelforge.graph import Command, Step, WheelSet
from wheelforge.history import History, Record
from wheelforge.job.failure import Circumstances, failure
from wheelforge.job.folder import lock_work
from wheelforge.job.gated import Gated, Gates
from wheelforge.job.meter import Meter
from wheelforge.pin import PinnedSource
from wheelforge.recipe import Resources
from wheelforge.resources import parse_bytes
from wheelforge.sandbox import offline_prefix
from wheelforge.store import Entry, Manifest, Store, work_name
from wheelforge.template import render

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """The places and services every step of a run shares. `home` is WHEELFORGE_HOME.

    `chores` are what steps left to be done until the run ends.
    """

    home: Path
    store: Store
    sources: Sources
    history: History
    logs: Path
    gates: Gates | None = None
    chores: list[asyncio.Future[None]] = field(default_factory=list)


@dataclass(kw_only=True)
class Job:
    """A step about to run: `key` of its result, `needs` the outputs its key was made of.

    `results` are the entries of the steps it needs, `jobs` what it was granted. Afterwards
    `reused` says that another process had made the result meanwhile.
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
    private: bool = False
    reused: bool = False
    _meter: Meter | None = None

    @property
    def log(self) -> Path:
        """Where everything the step's programs print goes."""
        return self.workshop.logs / f"{self.step.id.replace(':', '-')}.log"

    @property
    def work(self) -> Path:
        """The step's own folder; kept when it fails, so that the next run goes on from there.

        Without links in its path: programs say where they are by the real one.
        """
        name = work_name(self.key)
        place = Path(os.path.realpath(self.workshop.home / "work"))
        return place / (atomic.private(name) if self.private else name)

    @property
    def mark(self) -> str:
        """What every program of this step carries in its environment, here and nowhere else."""
        return str(self.work)

    @property
    def interpreters(self) -> str:
        """Where uv remembers what it asked an interpreter; wheels are never cached there."""
        return str(self.workshop.home / "uv")

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Entry | None]:
        """Hold the step's work folder; yields the result when another process made it meanwhile.

        The lock only saves work: where the file system cannot lock, the folder is made private.
        """
        store, step = self.workshop.store, self.step
        with atomic.told(self.work, "WHEELFORGE_HOME"):
            told = f"{step.id}: waiting for another build of the same"
            lock = await lock_work(
                self.workshop.home, work_name(self.key), lambda: self.tell(Notice(text=told))
            )
            self.private = lock is None
            try:
                process.end_marked(self.mark)
                found = store.find(self.key, step.name, step.version)
                if found.fault:
                    text = f"the store's entry was damaged ({found.fault}); it is built again"
                    self.tell(Notice(text=f"{step.id}: {text}"))
                    store.discard(store.place(self.key, step.name, step.version))
                self.reused = found.entry is not None
                yield found.entry
            finally:
                if lock is not None:
                    lock.release()

    async def blocking(self, work: Callable[[], T]) -> T:
        """Do what takes long in a thread, so that other steps go on; waits for it when cancelled.

        Otherwise the work folder would be given up while something still writes to it.
        """
        doing = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            while not doing.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait({doing})
            if not doing.cancelled():
                doing.exception()  # nobody is interested any more
            raise

    async def run(
        self,
        command: Command,
        paths: Mapping[str, str],
        env: Mapping[str, str],
        timeout_minutes: float | None = None,
        gated: Gated | None = None,
    ) -> None:
        """Run one command to its end; BuildError with the first error line of its output."""

        def fill(text: str) -> str:
            return render(text, lambda name: self._value(name, paths))

        argv = [fill(part) for part in command.argv]
        variables = {name: fill(value) for name, value in env.items()}
        if gated is not None:
            told = any("@{jobs}" in part for part in command.argv)
            variables = gated.dress(variables, told=told)
        cwd = Path(fill(command.cwd))
        os.makedirs(cwd, exist_ok=True)  # noqa: PTH103 - a moment, and nothing waits
        self._demand(argv[0], variables, cwd)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ cd {shlex.quote(str(cwd))}\n$ {shlex.join(argv)}\n")
        self.tell(CommandStarted(step=self.step.id, label=command.label))
        lines: list[str] = []
        meter = self._meter = self._new_meter(gated=gated is not None)
        spawn = process.Spawn(
            argv=[*(offline_prefix() if command.offline else ()), *argv],
            cwd=cwd,
            env={**variables, process.MARK: self.mark, "UV_CACHE_DIR": self.interpreters},
            log=self.log,
            timeout=timeout_minutes * 60 if timeout_minutes else None,
            inherited=gated.descriptors if gated else (),
        )

        def on_line(text: str) -> None:
            lines.append(text)
            self.tell(OutputLine(step=self.step.id, text=text))
            meter.read(text)

        code = await process.stream(spawn, on_line)
        self.units += meter.units
        if code != 0:
            about = Circumstances(
                step=self.step.id,
                home=self.workshop.home,
                advice=f"log: {self.log}\n  again: {self.again}",
            )
            failed = gated.seat.failures if gated else ()
            raise failure(command.label, code, lines, failed, about)

    def _demand(self, program: str, env: Mapping[str, str], cwd: Path) -> None:
        """`unshare` would say it less clearly."""
        if not shutil.which(cwd / program if "/" in program else program, path=env.get("PATH", "")):
            raise InputError(
                f"there is no program '{program}'",
                where=self.step.id,
                remedy=f"install it, or name it in the recipe's build.tools; PATH is "
                f"{env.get('PATH', 'not set')}",
            )

    @asynccontextmanager
    async def gated(self, needs: Resources) -> AsyncIterator[Gated | None]:
        """Serve the gates of its commands; None where this machine has no gate."""
        gates = self.workshop.gates
        if gates is None:
            evidence.spoil(self.work)
            yield None
            return
        where = f"recipe {self.step.name}: resources.memory_per_job"
        estimate = parse_bytes(needs.memory_per_job, where)
        async with gates.seat(
            self.step.id, self.step.name, self.work, estimate, self._heed
        ) as gated:
            for output in gated.seat.journal.cleaned:
                self.tell(Notice(text=f"{self.step.id}: {output} was not finished: removed"))
            if not needs.max_jobs:  # where a recipe says how many, it gets no more
                self.jobs = gates.keeper.offered(self.jobs)
            yield gated
            hits, misses = gated.hits()
            if hits or misses:
                self.tell(CacheUsed(step=self.step.id, hits=hits, misses=misses))

    def _heed(self, event: Event) -> None:
        """Count compiles while passing on what gates tell."""
        if isinstance(event, UnitFinished) and self._meter is not None:
            self._meter.unit()
        self.tell(event)

    def _new_meter(self, *, gated: bool) -> Meter:
        record = self.workshop.history.get(self.step.id)

        def progress(done: int, total: int) -> None:
            self.tell(Progress(step=self.step.id, done=done, total=total))

        return Meter(progress, record.units if record else 0, gated=gated)

    async def verified(self, whats: Sequence[PinnedSource | WheelSet]) -> None:
        """Check cached sources against their digests before use; damaged ones are fetched again."""
        for what in whats:
            await self.workshop.sources.fetch(
                what,
                lambda text: self.tell(OutputLine(step=self.step.id, text=text)),
                lambda _done, _total: None,
            )

    async def publish(
        self, tree: Path, *, product: str = "", seconds: float = 0.0, proof: bytes = b""
    ) -> Entry:
        """Put a finished tree into the store under the step's key; the work folder goes.

        `proof` is kept beside it: the evidence of how it was made.
        """
        manifest = self._manifest(product, seconds)
        entry = await self.blocking(lambda: self.workshop.store.publish(tree, manifest, proof))
        self.workshop.history.put(self.step.id, Record(seconds, self.units))
        await self._clear()
        return entry

    async def leave(self, *, seconds: float = 0.0) -> Entry:
        """End without a result in the store: the step is done, and is to be done next time."""
        self.workshop.history.put(self.step.id, Record(seconds, self.units))
        entry = Entry(self.work, self._manifest("", seconds))
        await self._clear()
        return entry

    def _manifest(self, product: str, seconds: float) -> Manifest:
        """Of what this step made; the store adds which files these are."""
        return Manifest(
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

    async def _clear(self) -> None:
        """Remove the work folder, while others go on: large trees take long."""
        gone = self.work.with_name(atomic.private(f"{self.work.name}-done"))
        try:
            self.work.rename(gone)
        except OSError:
            await self.blocking(lambda: atomic.remove_tree(self.work))
        else:
            loop = asyncio.get_running_loop()
            self.workshop.chores.append(loop.run_in_executor(None, atomic.remove_tree, gone))

    def _value(self, name: str, paths: Mapping[str, str]) -> str:
        if name == "jobs":
            return str(self.jobs)
        if name in paths:
            return paths[name]
        raise InputError(f"'@{{{name}}}' is not known here", where=self.step.id)

"""Runs the steps of a plan: each is decided once more, then handed to its stage."""

from __future__ import annotations

import asyncio
import fcntl
import itertools
import os
import shlex
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from wheelforge import atomic, programs, resources
from wheelforge.broker import JobBroker, Keeper
from wheelforge.building import build
from wheelforge.check import check
from wheelforge.errors import EXIT_BUG, ForgeError, InterruptedRunError
from wheelforge.events import (
    Event,
    Listener,
    Notice,
    OutputLine,
    Progress,
    RunFinished,
    RunStarted,
    Status,
    StepQueued,
    StepStarted,
    tee,
)
from wheelforge.execute import Execution, Result, remaining, wish_of
from wheelforge.gatehouse import gate
from wheelforge.graph import BuildStep, CheckStep, FetchStep, Plan, RepairStep, Step
from wheelforge.history import History
from wheelforge.job import Gates, Job, Workshop
from wheelforge.pipeline.options import Home, Limits
from wheelforge.pipeline.results import Results
from wheelforge.repair import repair
from wheelforge.store import Entry

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run came to: its folder, and a result for every step that was to do."""

    folder: Path
    results: Mapping[str, Result]
    interrupted: bool = False

    @property
    def error(self) -> BaseException | None:
        """The interruption or the first failure, for the exit code."""
        if self.interrupted:
            return InterruptedRunError(
                "stopped by a signal; nothing is left running",
                remedy="the same command goes on from here",
            )
        errors = (result.error for result in self.results.values() if result.error is not None)
        return next(errors, None)

    @property
    def exit_code(self) -> int:
        """What the process returns: 0, or that of the error; what is no ForgeError is our bug."""
        error = self.error
        if error is None:
            return 0
        return error.exit_code if isinstance(error, ForgeError) else EXIT_BUG


def run(plan: Plan, home: Home, limits: Limits, listener: Listener) -> Outcome:
    """Run every step that is to do. SIGINT and SIGTERM stop it, with nothing left running."""
    before = {number: signal.getsignal(number) for number in _STOPPING}
    try:
        return asyncio.run(_Run(plan, home, limits, listener).go())
    finally:
        for number, handler in before.items():  # the loop's end left the defaults in place
            signal.signal(number, handler)


def run_step(plan: Plan, name: str, home: Home, limits: Limits, listener: Listener) -> Outcome:
    """Run one step of a plan whose needs have run, in this process or in another."""
    states = {step.id: plan.states[step.id] for step in plan.steps}
    states = {
        key: msgspec.structs.replace(state, verdict="todo" if key == name else "idle")
        for key, state in states.items()
    }
    return run(msgspec.structs.replace(plan, states=states), home, limits, listener)


class _Run:
    def __init__(self, plan: Plan, home: Home, limits: Limits, listener: Listener) -> None:
        self._plan = plan
        self._home = home
        self._limits = limits
        with atomic.told(home.root, "WHEELFORGE_HOME"):
            self._folder = _new_folder(home.root / "runs")
        self._results = Results(plan, home)
        self._workshop = Workshop(
            home=home.root,
            store=home.store,
            sources=home.sources,
            history=History(home.root / "history.json"),
            logs=self._folder / "logs",
        )
        self._listener = listener

    async def go(self) -> Outcome:
        """Run, and tell everything that happens to the listener and to events.jsonl."""
        with atomic.told(self._folder, "WHEELFORGE_HOME"):
            self._workshop.logs.mkdir()
            plan_file = self._folder / "plan.json"
            atomic.write(plan_file, msgspec.json.format(msgspec.json.encode(self._plan)))
            events = (self._folder / "events.jsonl").open("ab", buffering=0)
        started = time.monotonic()
        with events:
            with suppress(OSError):  # store gc sees by this that the run goes on
                fcntl.flock(events, fcntl.LOCK_EX)

            def record(event: Event) -> None:
                if not isinstance(event, OutputLine | Progress):  # for those who look on
                    with suppress(OSError):  # a full disk is for the step that fills it to tell
                        events.write(msgspec.json.encode(event) + b"\n")

            self._tell = tee(record, self._listener)
            self._hold()
            outcome = await self._execute()
            await asyncio.gather(*self._workshop.chores)
            seconds = time.monotonic() - started
            ok = outcome.error is None
            self._tell(RunFinished(run=self._folder.name, seconds=seconds, ok=ok))
        return outcome

    def _hold(self) -> None:
        """What the plan counts on is in use from now on."""
        store = self._home.store
        for step in self._plan.steps:
            if key := self._plan.states[step.id].key:
                store.touch(store.place(key, step.name, step.version))

    async def _execute(self) -> Outcome:
        jobs = min(self._limits.jobs or sys.maxsize, resources.processors())
        room = resources.MemoryRoom(asked=self._limits.memory)
        known = {step.id: self._estimate(step) for step in self._plan.steps}
        self._announce(jobs, room.left(), known)
        path = remaining(self._plan, known)
        todo = self._plan.todo
        wishes = {step.id: wish_of(step, jobs, known[step.id], path[step.id]) for step in todo}
        keeper = self._keeper(jobs, room)
        broker = keeper or JobBroker(jobs=jobs, memory=room.left())
        execution = Execution(self._plan, self._step, broker, wishes, self._tell)
        async with AsyncExitStack() as stack:
            stack.callback(room.close)
            if keeper is not None:
                await stack.enter_async_context(keeper.open(execution.poke))
            return await self._until_stopped(execution, path)

    def _keeper(self, jobs: int, room: resources.MemoryRoom) -> Keeper | None:
        """The broker that gates ask; None where nothing is compiled, or no gate can be."""
        if not any(isinstance(step, BuildStep) for step in self._plan.todo):
            return None
        try:
            program = gate(self._home.root)
            why = "this machine has no C compiler of its own"
        except ForgeError as error:
            program, why = None, str(error)
        if program is None:
            text = f"compilers are started without a gate ({why}): jobs are counted for each step, "
            self._tell(Notice(text=f"{text}and memory is the recipes' guess"))
            return None
        peaks = self._home.root / "peaks"
        keeper = Keeper(jobs=jobs, room=room, peaks=peaks, tell=self._tell)
        ccache = programs.locate("ccache") if self._limits.ccache else None
        cache = Path(os.environ.get("CCACHE_DIR") or self._home.root / "ccache")
        self._workshop = replace(
            self._workshop, gates=Gates(keeper=keeper, gate=program, ccache=ccache, cache=cache)
        )
        return keeper

    async def _until_stopped(self, execution: Execution, path: Mapping[str, float]) -> Outcome:
        task = asyncio.ensure_future(execution.go(path, fail_fast=self._limits.fail_fast))
        loop = asyncio.get_running_loop()
        for number in _STOPPING:
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup means what it says
                loop.add_signal_handler(number, task.cancel)
        await asyncio.wait({task})
        if not task.cancelled():
            return Outcome(folder=self._folder, results=task.result())
        return Outcome(folder=self._folder, results=execution.results, interrupted=True)

    def _announce(self, jobs: int, memory: int, known: Mapping[str, float]) -> None:
        todo = self._plan.todo
        self._tell(
            RunStarted(
                run=self._folder.name,
                steps=tuple(step.id for step in todo),
                jobs=jobs,
                memory=memory,
                estimates={step.id: known[step.id] for step in todo},
            )
        )
        for step in todo:
            reasons = self._plan.states[step.id].reasons
            self._tell(StepQueued(step=step.id, why="; ".join(reasons)))

    def _estimate(self, step: Step) -> float:
        record = self._workshop.history.get(step.id)
        if record is not None:
            return record.seconds
        if isinstance(step, BuildStep):
            return step.resources.cpu_minutes * 60 / max(1, resources.processors())
        return 2.0

    async def _step(self, step: Step, jobs: int) -> Status:
        if isinstance(step, FetchStep):
            return await self._fetch(step)
        found = self._results.look(step)
        if found.entry is not None:
            self._results.put(step, found.entry)
            return Status.CACHED
        job = Job(
            step=step,
            key=self._results.keys[step.id],
            needs=self._results.needs(step),
            results=self._results.entries(step),
            jobs=jobs,
            workshop=self._workshop,
            tell=self._tell,
            again=self._again(step),
        )
        self._tell(StepStarted(step=step.id, log=str(job.log), jobs=jobs))
        self._results.put(step, await _stage(job, step))
        return Status.CACHED if job.reused else Status.BUILT

    async def _fetch(self, step: FetchStep) -> Status:
        if self._home.sources.identity(step.what) and self._home.sources.have(step.what):
            return Status.CACHED
        log = self._workshop.logs / f"{step.id.replace(':', '-')}.log"
        self._tell(StepStarted(step=step.id, log=str(log), jobs=0))

        def tell(text: str) -> None:
            with log.open("a", encoding="utf-8") as file:
                file.write(f"{text}\n")
            self._tell(OutputLine(step=step.id, text=text))

        def progress(done: int, total: int) -> None:
            self._tell(Progress(step=step.id, done=done, total=total))

        with atomic.told(self._home.root, "WHEELFORGE_HOME"):
            await self._home.sources.fetch(step.what, tell, progress)
        return Status.BUILT

    def _again(self, step: Step) -> str:
        plan = shlex.quote(str(self._folder / "plan.json"))
        return f"wheelforge step run {plan} {step.id}"


async def _stage(job: Job, step: BuildStep | RepairStep | CheckStep) -> Entry:
    try:
        match step:
            case BuildStep():
                return await build(job, step)
            case RepairStep():
                return await repair(job, step)
            case CheckStep():
                return await check(job, step)
    except ForgeError as error:
        if not error.where:
            error.where = step.id
        raise
    except Exception:
        with suppress(OSError), job.log.open("a", encoding="utf-8") as log:
            log.write(traceback.format_exc())
        raise


def _new_folder(runs: Path) -> Path:
    """A folder for this run, whose name sorts by time and is no other run's."""
    stamp = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    for number in itertools.count(1):
        folder = runs / (stamp if number == 1 else f"{stamp}-{number}")
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            break
    return folder

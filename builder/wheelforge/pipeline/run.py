"""Runs the steps of a plan: each is decided once more, then handed to its stage."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wheelforge import atomic, resources
from wheelforge.broker import JobBroker
from wheelforge.building import build
from wheelforge.check import check
from wheelforge.errors import ForgeError, InterruptedRunError
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
from wheelforge.graph import BuildStep, CheckStep, FetchStep, Plan, RepairStep, Step
from wheelforge.history import History
from wheelforge.job import Job, Workshop
from wheelforge.pipeline.options import Home, Limits
from wheelforge.pipeline.results import Results
from wheelforge.repair import repair
from wheelforge.store import Entry


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run came to: its folder, and a result for every step that was to do."""

    folder: Path
    results: Mapping[str, Result]

    @property
    def error(self) -> BaseException | None:
        """The first failure, for the exit code."""
        errors = (result.error for result in self.results.values() if result.error is not None)
        return next(errors, None)


def run(plan: Plan, home: Home, limits: Limits, listener: Listener) -> Outcome:
    """Run every step that is to do. SIGINT and SIGTERM stop it, with nothing left running."""
    return asyncio.run(_Run(plan, home, limits, listener).go())


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
        stamp = time.strftime("%Y%m%d-%H%M%S")
        self._folder = home.root / "runs" / f"{stamp}-{os.getpid()}"
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
            self._workshop.logs.mkdir(parents=True)
            plan_file = self._folder / "plan.json"
            atomic.write(plan_file, msgspec.json.format(msgspec.json.encode(self._plan)))
        started = time.monotonic()
        with (self._folder / "events.jsonl").open("ab") as events:

            def record(event: Event) -> None:
                if not isinstance(event, OutputLine):  # the step's log has every line
                    events.write(msgspec.json.encode(event) + b"\n")
                    events.flush()

            self._tell = tee(record, self._listener)
            results = await self._execute()
            ok = all(result.error is None for result in results.values())
            seconds = time.monotonic() - started
            self._tell(RunFinished(run=self._folder.name, seconds=seconds, ok=ok))
        return Outcome(folder=self._folder, results=results)

    async def _execute(self) -> Mapping[str, Result]:
        jobs = self._limits.jobs or resources.processors()
        memory = self._limits.memory or resources.memory()
        known = {step.id: self._estimate(step) for step in self._plan.steps}
        self._announce(jobs, memory, known)
        execution = Execution(
            self._plan,
            self._step,
            JobBroker(jobs=jobs, memory=memory),
            {
                step.id: wish_of(step, lambda text: resources.parse_bytes(text, ""), jobs)
                for step in self._plan.todo
            },
            self._tell,
        )
        task = asyncio.ensure_future(
            execution.go(remaining(self._plan, known), fail_fast=self._limits.fail_fast)
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        with suppress(asyncio.CancelledError):
            return await task
        self._tell(Notice(text="stopped; the same command goes on from here"))
        raise InterruptedRunError("stopped by a signal; nothing is left running")

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
        key = self._results.keys[step.id]
        if found.fault:
            self._tell(
                Notice(
                    text=f"{step.id}: the store's entry was damaged ({found.fault}); "
                    "it is built again"
                )
            )
            self._home.store.discard(self._home.store.place(key, step.name, step.version))
        job = Job(
            step=step,
            key=key,
            needs=self._results.needs(step),
            results=self._results.entries(step),
            jobs=jobs,
            workshop=self._workshop,
            tell=self._tell,
            again=self._again(step),
        )
        self._tell(StepStarted(step=step.id, log=str(job.log), jobs=jobs))
        self._results.put(step, await _stage(job, step))
        return Status.BUILT

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

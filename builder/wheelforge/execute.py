"""Runs a plan: a step starts the moment its inputs exist, the longest remaining path first.

There are no rounds: the loop starts what it may, waits for one step to end, and looks again. What
a step does is the caller's (`run`); whether it may start now is the broker's.

Nobody waits for a check: it runs beside what is built on what it looks at, and when it fails,
that is stopped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from wheelforge.broker import Broker, Lease, Wish
from wheelforge.errors import ForgeError
from wheelforge.events import Event, Status, StepFinished
from wheelforge.graph import BuildStep, CheckStep, FetchStep, Plan, RepairStep, Step, counts
from wheelforge.resources import parse_bytes


@dataclass(frozen=True, kw_only=True)
class Result:
    """How a step ended. `detail` says why it failed, or because of what it was skipped."""

    status: Status
    seconds: float = 0.0
    detail: str = ""
    error: BaseException | None = None


Run = Callable[[Step, int], Awaitable[Status]]


def remaining(plan: Plan, seconds: Mapping[str, float]) -> dict[str, float]:
    """The longest path from the start of each step to the end of the run, in seconds."""
    path: dict[str, float] = {}
    after: dict[str, float] = {}
    for step in reversed(plan.steps):
        path[step.id] = seconds.get(step.id, 1.0) + after.get(step.id, 0.0)
        for name in step.needs:
            after[name] = max(after.get(name, 0.0), path[step.id])
    return path


def wish_of(step: Step, jobs: int, seconds: float, priority: float = 0.0) -> Wish:
    """What a step would like to have of `jobs`, when it takes about `seconds`.

    `priority` is the time from its start to the end of the run.
    """
    match step:
        case FetchStep():
            return Wish(jobs=0, memory_per_job=0, step=step.id, builds=False)
        case BuildStep():
            most = step.resources.max_jobs or jobs
            where = f"recipe {step.name}: resources.memory_per_job"
            memory = parse_bytes(step.resources.memory_per_job, where)
            return Wish(
                jobs=min(most, jobs),
                memory_per_job=memory,
                work=seconds,
                step=step.id,
                priority=priority,
            )
        case RepairStep() | CheckStep():
            return Wish(jobs=1, memory_per_job=512 << 20, work=seconds, step=step.id, builds=False)


class Execution:
    """One run of a plan; `go` may be awaited once."""

    def __init__(
        self,
        plan: Plan,
        run: Run,
        broker: Broker,
        wishes: Mapping[str, Wish],
        tell: Callable[[Event], None],
    ) -> None:
        self._plan = plan
        self._run = run
        self._broker = broker
        self._wishes = wishes
        self._tell = tell
        self._waiting: dict[str, Step] = {}
        self._running: dict[asyncio.Task[Status], tuple[Step, Lease, float]] = {}
        self._stopped: dict[str, str] = {}
        self._poked = asyncio.Event()
        self.results: dict[str, Result] = {}

    async def go(self, priority: Mapping[str, float], *, fail_fast: bool) -> dict[str, Result]:
        """Run every step that is to do; results by step id, one for every such step.

        When it is cancelled, everything is ended first, and `results` are complete all the same.
        """
        todo = sorted(self._plan.todo, key=lambda step: -priority[step.id])
        self._waiting = {step.id: step for step in todo}
        try:
            while self._waiting or self._running:
                self._start()
                for task in await self._some_ended():
                    self._reap(task)
                if fail_fast and any(r.status is Status.FAILED for r in self.results.values()):
                    await self._stop("because of --fail-fast")
        finally:
            await self._stop("because the run was stopped")
        return self.results

    def poke(self) -> None:
        """The broker may have room now for a step that it refused."""
        self._poked.set()

    async def _some_ended(self) -> list[asyncio.Task[Status]]:
        """Wait for the end of a step, or for room; the steps that ended."""
        self._poked.clear()
        poked = asyncio.ensure_future(self._poked.wait())
        try:
            await asyncio.wait({*self._running, poked}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            poked.cancel()
        return [task for task in self._running if task.done()]

    def _start(self) -> None:
        ready = [step for step in self._waiting.values() if self._ready(step)]
        wishes = [self._wishes[step.id] for step in ready]
        for number, step in enumerate(ready):
            lease = self._broker.admit(wishes[number], wishes[number + 1 :])
            if lease is not None:
                del self._waiting[step.id]
                task = asyncio.ensure_future(self._run(step, max(1, lease.jobs)))
                self._running[task] = (step, lease, time.monotonic())

    def _ready(self, step: Step) -> bool:
        needs = {name for name in step.needs if counts(name)}
        running = {other.id for other, *_ in self._running.values()}
        return needs.isdisjoint(self._waiting) and needs.isdisjoint(running)

    def _reap(self, task: asyncio.Task[Status]) -> None:
        step, lease, started = self._running.pop(task)
        self._broker.release(lease)
        seconds = time.monotonic() - started
        if task.cancelled():
            why = self._stopped.get(step.id, "")
            status = Status.SKIPPED if why else Status.INTERRUPTED
            self._finish(step, Result(status=status, seconds=seconds, detail=why))
        elif (error := task.exception()) is not None:
            detail = str(error) if isinstance(error, ForgeError) else f"internal error: {error!r}"
            self._finish(
                step, Result(status=Status.FAILED, seconds=seconds, detail=detail, error=error)
            )
            self._skip_dependents(step)
        else:
            self._finish(step, Result(status=task.result(), seconds=seconds))

    def _skip_dependents(self, failed: Step) -> None:
        """Skip what waits for it, and stop what was started before its check had ended."""
        gone = {failed.id}
        why = f"because {failed.id} failed"
        running = {step.id: task for task, (step, *_) in self._running.items()}
        for step in self._plan.steps:  # every step stands after what it needs
            if gone.isdisjoint(step.needs):
                continue
            gone.add(step.id)
            if step.id in self._waiting:
                del self._waiting[step.id]
                self._finish(step, Result(status=Status.SKIPPED, detail=why))
            elif step.id in running:
                self._stopped[step.id] = why
                running[step.id].cancel()

    async def _stop(self, why: str) -> None:
        """Skip what waits, end what is running and wait until it is gone."""
        for step in list(self._waiting.values()):
            del self._waiting[step.id]
            self._finish(step, Result(status=Status.SKIPPED, detail=why))
        for task in self._running:
            task.cancel()
        while self._running:
            with suppress(asyncio.CancelledError):  # a second interrupt must not leave orphans
                await asyncio.wait(self._running)
            for task in [task for task in self._running if task.done()]:
                self._reap(task)

    def _finish(self, step: Step, result: Result) -> None:
        self.results[step.id] = result
        self._tell(
            StepFinished(
                step=step.id, status=result.status, seconds=result.seconds, detail=result.detail
            )
        )

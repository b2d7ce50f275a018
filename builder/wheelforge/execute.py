"""Runs a plan: a step starts the moment its inputs exist, the longest remaining path first.

There are no rounds: the loop starts what it may, waits for one step to end, and looks again. What
a step does is the caller's (`run`); whether it may start now is the broker's.
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
from wheelforge.graph import BuildStep, CheckStep, FetchStep, Plan, RepairStep, Step
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


def wish_of(step: Step, jobs: int, seconds: float) -> Wish:
    """What a step would like to have of `jobs`, when it takes about `seconds`."""
    match step:
        case FetchStep():
            return Wish(jobs=0, memory_per_job=0)
        case BuildStep():
            most = step.resources.max_jobs or jobs
            where = f"recipe {step.name}: resources.memory_per_job"
            memory = parse_bytes(step.resources.memory_per_job, where)
            return Wish(jobs=min(most, jobs), memory_per_job=memory, work=seconds)
        case RepairStep() | CheckStep():
            return Wish(jobs=1, memory_per_job=512 << 20, work=seconds)


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
                done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._reap(task)
                if fail_fast and any(r.status is Status.FAILED for r in self.results.values()):
                    await self._stop("because of --fail-fast")
        finally:
            await self._stop("because the run was stopped")
        return self.results

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
        return not any(name in self._waiting for name in step.needs) and not any(
            step.id != other.id and other.id in step.needs for other, *_ in self._running.values()
        )

    def _reap(self, task: asyncio.Task[Status]) -> None:
        step, lease, started = self._running.pop(task)
        self._broker.release(lease)
        seconds = time.monotonic() - started
        if task.cancelled():
            self._finish(step, Result(status=Status.INTERRUPTED, seconds=seconds))
        elif (error := task.exception()) is not None:
            detail = str(error) if isinstance(error, ForgeError) else f"internal error: {error!r}"
            self._finish(
                step, Result(status=Status.FAILED, seconds=seconds, detail=detail, error=error)
            )
            self._skip_dependents(step)
        else:
            self._finish(step, Result(status=task.result(), seconds=seconds))

    def _skip_dependents(self, failed: Step) -> None:
        gone = {failed.id}
        for step in self._plan.steps:  # every step stands after what it needs
            if step.id in self._waiting and gone.intersection(step.needs):
                gone.add(step.id)
                del self._waiting[step.id]
                self._finish(
                    step, Result(status=Status.SKIPPED, detail=f"because {failed.id} failed")
                )

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

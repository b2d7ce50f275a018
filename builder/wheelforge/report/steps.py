"""What became of each step, from what the events tell of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from wheelforge.events import (
    CacheUsed,
    CommandStarted,
    Event,
    Status,
    StepFinished,
    StepQueued,
    StepStarted,
)
from wheelforge.graph import Plan, State, Step
from wheelforge.report.record import of

_KNOWN_BEFORE = {
    "cached": "its result was in the store before the run",
    "idle": "nothing that was to be done needed it",
}


class Ending(StrEnum):
    """How a step ended, as far as the events tell; the first five are those of `events.Status`."""

    BUILT = "built"
    CACHED = "cached"
    FAILED = "failed"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"
    RUNNING = "running"
    WAITING = "waiting"
    UNNEEDED = "not needed"


class Span(msgspec.Struct, frozen=True):
    """A command of a step, from `start` to `end`."""

    label: str
    start: float
    end: float


class StepLine(msgspec.Struct, frozen=True, kw_only=True):
    """One step: when it ran (None where it never did), why, and what came of it."""

    id: str
    version: str = ""
    needs: tuple[str, ...] = ()
    ending: Ending
    start: float | None = None
    end: float | None = None
    why: str = ""
    log: str = ""
    jobs: int = 0
    detail: str = ""
    commands: tuple[Span, ...] = ()
    cache_hits: int = 0
    cache_misses: int = 0

    @property
    def seconds(self) -> float:
        """How long it ran; 0 where it did not."""
        return 0.0 if self.start is None or self.end is None else self.end - self.start


def steps_of(
    plan: Plan, events: Sequence[Event], wall: float, *, running: bool
) -> tuple[StepLine, ...]:
    """Every step of the plan in its order, then those that only the events know."""
    told: Mapping[str, list[Event]] = defaultdict(list)
    for event in events:
        if isinstance(event, StepQueued | StepStarted | CommandStarted | CacheUsed | StepFinished):
            told[event.step].append(event)
    planned = {step.id: step for step in plan.steps}
    names = [*planned, *(name for name in told if name not in planned)]
    return tuple(
        _step(name, planned.get(name), told[name], wall, running=running)
        if name in told
        else _untold(planned[name], plan.states.get(name), running=running)
        for name in names
    )


def _untold(step: Step, state: State | None, *, running: bool) -> StepLine:
    """A step without events: done before the run, or not reached."""
    verdict = state.verdict if state is not None else "todo"
    ending = {"cached": Ending.CACHED, "idle": Ending.UNNEEDED}.get(
        verdict, Ending.WAITING if running else Ending.SKIPPED
    )
    return StepLine(
        id=step.id,
        version=step.version,
        needs=step.needs,
        ending=ending,
        why=_KNOWN_BEFORE.get(verdict, "; ".join(state.reasons) if state is not None else ""),
    )


def _step(
    name: str, step: Step | None, told: Sequence[Event], wall: float, *, running: bool
) -> StepLine:
    """A step from what was told of it; where that has no end, the run's is its end."""
    queued = next(iter(of(told, StepQueued)), None)
    began = next(iter(of(told, StepStarted)), None)
    ended = next(iter(of(told, StepFinished)), None)
    ending, start, end = _when(began, ended, wall, running=running)
    return StepLine(
        id=name,
        version=step.version if step is not None else "",
        needs=step.needs if step is not None else (),
        ending=ending,
        start=start,
        end=end,
        why=queued.why if queued is not None else "",
        log=began.log if began is not None else "",
        jobs=began.jobs if began is not None else 0,
        detail=ended.detail if ended is not None else "",
        commands=_commands(of(told, CommandStarted), wall if end is None else end),
        cache_hits=sum(used.hits for used in of(told, CacheUsed)),
        cache_misses=sum(used.misses for used in of(told, CacheUsed)),
    )


def _when(
    began: StepStarted | None, ended: StepFinished | None, wall: float, *, running: bool
) -> tuple[Ending, float | None, float | None]:
    """How a step ended, from when to when it ran."""
    if ended is None:
        if began is None:
            return (Ending.WAITING if running else Ending.SKIPPED), None, None
        return (Ending.RUNNING if running else Ending.INTERRUPTED), began.at, wall
    ending = Ending(ended.status)
    if began is not None:
        return ending, min(began.at, ended.at), ended.at
    if ended.status is Status.SKIPPED:
        return ending, None, None
    return ending, max(0.0, ended.at - ended.seconds), ended.at


def _commands(events: Sequence[CommandStarted], end: float) -> tuple[Span, ...]:
    """A command lasts until the next one of its step starts."""
    starts = [*(event.at for event in events), end]
    return tuple(
        Span(event.label, event.at, max(event.at, until))
        for event, until in zip(events, starts[1:], strict=True)
    )

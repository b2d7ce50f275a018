"""A run as it went, put together from its folder: `plan.json` and `events.jsonl`.

A killed run has no end: its last event is taken for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from wheelforge.events import (
    Load,
    MemoryPressure,
    Notice,
    RunFinished,
    RunStarted,
    UnitFinished,
)
from wheelforge.graph import Plan
from wheelforge.report.record import Record, load, of
from wheelforge.report.steps import Ending, StepLine, steps_of


class Result(StrEnum):
    """How the run ended; `killed`: its process is gone and left no word of its end."""

    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    KILLED = "killed"
    RUNNING = "running"


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """A run. `began` is Unix time; every other time, also `at` of the events, is seconds since.

    `unread` lines of events.jsonl could not be read, or hold events of a newer version.
    """

    run: str
    folder: str
    plan: Plan
    began: float
    wall: float
    result: Result
    jobs: int
    memory: int
    steps: tuple[StepLine, ...]
    units: tuple[UnitFinished, ...] = ()
    load: tuple[Load, ...] = ()
    pressure: tuple[MemoryPressure, ...] = ()
    notices: tuple[str, ...] = ()
    unread: int = 0


def read(folder: Path, *, running: bool = False) -> Timeline:
    """The timeline of a run folder; InputError names what in it is missing or damaged.

    `running`: the run's process is still there, so that what has no end goes on.
    """
    return assemble(load(folder), folder, running=running)


def assemble(record: Record, folder: Path, *, running: bool = False) -> Timeline:
    """Put a run together from its plan and its events, of which there is at least one."""
    events = record.events
    started = next(iter(of(events, RunStarted)), None)
    finished = next(iter(of(events, RunFinished)), None)
    began = started.at if started is not None else events[0].at
    since = [msgspec.structs.replace(event, at=max(0.0, event.at - began)) for event in events]
    wall = max(event.at for event in since)
    steps = steps_of(record.plan, since, wall, running=running)
    return Timeline(
        run=started.run if started is not None else folder.name,
        folder=str(folder),
        plan=record.plan,
        began=began,
        wall=wall,
        result=_result(finished, steps, running=running),
        jobs=started.jobs if started is not None else 0,
        memory=started.memory if started is not None else 0,
        steps=steps,
        units=tuple(sorted(of(since, UnitFinished), key=lambda unit: unit.at - unit.seconds)),
        load=tuple(sorted(of(since, Load), key=lambda load: load.at)),
        pressure=tuple(of(since, MemoryPressure)),
        notices=tuple(notice.text for notice in of(since, Notice)),
        unread=record.unread,
    )


def _result(finished: RunFinished | None, steps: Sequence[StepLine], *, running: bool) -> Result:
    if finished is None:
        return Result.RUNNING if running else Result.KILLED
    if finished.ok:
        return Result.DONE
    failed = any(step.ending is Ending.FAILED for step in steps)
    return Result.FAILED if failed else Result.INTERRUPTED

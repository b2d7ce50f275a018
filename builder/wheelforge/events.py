"""What happens during a run, as typed values; console, log files and events.jsonl listen.

Times are seconds; `at` is Unix time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

import msgspec


class Status(StrEnum):
    """How a step ended."""

    BUILT = "built"
    CACHED = "cached"
    FAILED = "failed"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    at: float = msgspec.field(default_factory=time.time)


class RunStarted(_Event, frozen=True, kw_only=True, tag="run-started"):
    run: str
    steps: tuple[str, ...]
    jobs: int
    memory: int
    estimates: dict[str, float]


class Notice(_Event, frozen=True, kw_only=True, tag="notice"):
    """Something the admin should know that is not an error."""

    text: str


class StepQueued(_Event, frozen=True, kw_only=True, tag="step-queued"):
    step: str
    why: str


class StepStarted(_Event, frozen=True, kw_only=True, tag="step-started"):
    step: str
    log: str
    jobs: int


class CommandStarted(_Event, frozen=True, kw_only=True, tag="command-started"):
    step: str
    label: str


class OutputLine(_Event, frozen=True, kw_only=True, tag="output"):
    step: str
    text: str


class Progress(_Event, frozen=True, kw_only=True, tag="progress"):
    """`done` of `total` units (translation units, percent, bytes); `total` 0 means not known."""

    step: str
    done: int
    total: int


class UnitFinished(_Event, frozen=True, kw_only=True, tag="unit"):
    """One compile or link, at its end. `kind` is compile, link, or other.

    `source` and `output` are relative to the step's work folder. It stood `waited` seconds at the
    gate, ran for `seconds` (its last attempt), and its largest process held `peak` bytes at most.
    `reused`: its output was there already, from before an interruption. `attempts` counts the
    times it was started: more than one where memory ran short.
    """

    step: str
    kind: str
    source: str
    output: str
    waited: float
    seconds: float
    peak: int
    code: int
    attempts: int = 1
    reused: bool = False


class CacheUsed(_Event, frozen=True, kw_only=True, tag="cache-used"):
    """How often the compiler cache had what a step asked for; hits never come to the gate."""

    step: str
    hits: int
    misses: int


class Load(_Event, frozen=True, kw_only=True, tag="load"):
    """What runs and what it holds, every second or so: `used` of `limit` bytes of memory.

    `busy` of the run's jobs compile, `waiting` stand at the gate, `frozen` were stopped for want
    of memory.
    """

    used: int
    limit: int
    busy: int
    waiting: int
    frozen: int


class MemoryPressure(_Event, frozen=True, kw_only=True, tag="memory-pressure"):
    """Memory ran short: what was done (frozen, resumed, killed) to which unit, and what was left.

    `held` are the unit's bytes, `left` those that were free.
    """

    step: str
    action: str
    source: str
    held: int
    left: int


class StepFinished(_Event, frozen=True, kw_only=True, tag="step-finished"):
    step: str
    status: Status
    seconds: float
    detail: str = ""


class RunFinished(_Event, frozen=True, kw_only=True, tag="run-finished"):
    run: str
    seconds: float
    ok: bool


Event: TypeAlias = (
    RunStarted
    | Notice
    | StepQueued
    | StepStarted
    | CommandStarted
    | OutputLine
    | Progress
    | UnitFinished
    | CacheUsed
    | Load
    | MemoryPressure
    | StepFinished
    | RunFinished
)
Listener: TypeAlias = Callable[[Event], None]


def tee(*listeners: Listener) -> Listener:
    """One listener that tells all of `listeners`, in order."""

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell

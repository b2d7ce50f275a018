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

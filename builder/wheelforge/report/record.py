"""Reads what a run left in its folder: `plan.json` and `events.jsonl`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from wheelforge.errors import InputError
from wheelforge.events import Event
from wheelforge.graph import Plan

E = TypeVar("E")

_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class Record(msgspec.Struct, frozen=True):
    """A run's plan and its events in order; `unread` lines could not be read."""

    plan: Plan
    events: tuple[Event, ...]
    unread: int


def load(folder: Path) -> Record:
    """What a run folder holds; InputError names what in it is missing or damaged.

    The last line may be cut off, and a newer version writes events that this one does not know:
    such lines are counted, and the rest is taken.
    """
    plan = _plan(folder / "plan.json")
    lines = _lines(folder / "events.jsonl")
    found = tuple(event for event in map(_event, lines) if event is not None)
    if not found:
        raise InputError(
            "holds no event that can be read: the run ended before it began",
            where=str(folder / "events.jsonl"),
            remedy="name another run: wheelforge report RUN",
        )
    return Record(plan, found, len(lines) - len(found))


def _plan(path: Path) -> Plan:
    remedy = "name a folder below runs in WHEELFORGE_HOME that a run of wheelforge wrote"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", where=str(path), remedy=remedy
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"is not a plan: {error}", where=str(path), remedy=remedy) from error


def _lines(path: Path) -> list[bytes]:
    try:
        return [line for line in path.read_bytes().split(b"\n") if line.strip()]
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}",
            where=str(path),
            remedy="it is written while a run goes on; a run that has none cannot be shown",
        ) from error


def _event(line: bytes) -> Event | None:
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def of(events: Sequence[Event], kind: type[E]) -> list[E]:
    """The events of one kind, in order."""
    return [event for event in events if isinstance(event, kind)]

"""A run in figures: what the page's head, the closing lines and --json say."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable

import msgspec

from wheelforge.events import MemoryPressure
from wheelforge.report.critical import Link, critical_path
from wheelforge.report.steps import Ending
from wheelforge.report.timeline import Result, Timeline

ACTIONS = ("frozen", "resumed", "killed")


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds, bytes, shares of 1; `began` is Unix time. None: it was not recorded.

    `busy` is the share of jobs × wall seconds in which a compile ran. `retries` were started again
    because memory ran short. `pressure` counts what was done about it by action.
    """

    run: str
    folder: str
    requested: tuple[str, ...]
    target: str
    archspec: str
    toolchain: str
    python: str
    began: float
    wall: float
    result: Result
    jobs: int
    memory: int
    busy: float | None
    peak: int | None
    compiles: int
    links: int
    reused: int
    failed: int
    retries: int
    cache_hits: int
    cache_misses: int
    pressure: dict[str, int]
    steps: dict[str, int]
    critical: tuple[Link, ...]
    unread: int


def figures(line: Timeline) -> Figures:
    """What a timeline adds up to."""
    kinds = Counter(unit.kind for unit in line.units)
    endings = Counter(step.ending for step in line.steps)
    plan = line.plan
    return Figures(
        run=line.run,
        folder=line.folder,
        requested=plan.requested,
        target=plan.target,
        archspec=plan.archspec,
        toolchain=plan.toolchain,
        python=plan.python.version,
        began=line.began,
        wall=line.wall,
        result=line.result,
        jobs=line.jobs,
        memory=line.memory,
        busy=busy_share(line),
        peak=max((load.used for load in line.load), default=None),
        compiles=kinds["compile"],
        links=kinds["link"],
        reused=sum(unit.reused for unit in line.units),
        failed=sum(unit.code != 0 for unit in line.units),
        retries=sum(max(0, unit.attempts - 1) for unit in line.units),
        cache_hits=sum(step.cache_hits for step in line.steps),
        cache_misses=sum(step.cache_misses for step in line.steps),
        pressure=actions(line.pressure),
        steps={ending.value: endings[ending] for ending in Ending if endings[ending]},
        critical=critical_path(line.steps),
        unread=line.unread,
    )


def actions(events: Iterable[MemoryPressure]) -> dict[str, int]:
    """How often each thing was done when memory ran short, in order of severity."""
    count = Counter(event.action for event in events)
    known = [action for action in ACTIONS if count[action]]
    return {action: count[action] for action in (*known, *sorted(count.keys() - set(ACTIONS)))}


def busy_share(line: Timeline) -> float | None:
    """The share of job-seconds in which something compiled: by the load, or else by the units."""
    whole = line.jobs * line.wall
    if not whole or not (line.units or line.load):
        return None
    if len(line.load) > 1:
        pairs = itertools.pairwise(line.load)
        used = sum(load.busy * (after.at - load.at) for load, after in pairs)
    else:
        used = sum(unit.seconds for unit in line.units if not unit.reused)
    return min(1.0, used / whole)

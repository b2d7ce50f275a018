"""Runs that never happened: a plan like the reference job's, and the events such a run would leave.

Times and sizes are made of the units' numbers, so that every call makes the same run.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from builders import FakeView, planned, recipe
from wheelforge.events import (
    CacheUsed,
    CommandStarted,
    Event,
    Load,
    MemoryPressure,
    RunFinished,
    RunStarted,
    Status,
    StepFinished,
    StepQueued,
    StepStarted,
    UnitFinished,
)
from wheelforge.graph import BuildStep, Plan, Step

BEGAN = 1_700_000_000.0
GIB = 1 << 30
UNITS = {"build:acl": 1200, "build:openblas": 900, "build:torch": 2900}
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>\"'&\x00.cpp"


def stack() -> Plan:
    """ACL and OpenBLAS, torch's wheel on both; OpenBLAS's source is in the cache already."""
    check = '[[checks]]\ntype = "elf"\npath = "lib/lib.so"\n'
    view = FakeView()
    view.missing = {"acl", "torch"}
    texts = {
        "torch": recipe("torch", kind="wheel", head='depends = { acl = "*", openblas = "*" }'),
        "acl": recipe("acl", check),
        "openblas": recipe("openblas", check),
    }
    return planned(texts, view=view)


@dataclass(kw_only=True)
class Story:
    """How a run goes: `units` compiles per build step on `jobs` jobs; `failing` is a step's id."""

    plan: Plan = field(default_factory=stack)
    units: Mapping[str, int] = field(default_factory=lambda: dict(UNITS))
    jobs: int = 48
    memory: int = 64 * GIB
    failing: str = ""
    source: str = "src/{name}/native/cpu/kernel_{number}.cpp"
    _clock: dict[str, float] = field(default_factory=dict)

    def events(self) -> list[Event]:
        """The whole run, in order of time."""
        todo = self.plan.todo
        events: list[Event] = [
            RunStarted(
                at=BEGAN, run="20261120-120000-1", steps=tuple(step.id for step in todo),
                jobs=self.jobs, memory=self.memory, estimates={step.id: 60.0 for step in todo},
            )
        ]  # fmt: skip
        events += [StepQueued(at=BEGAN, step=step.id, why="never built") for step in todo]
        gone: set[str] = set()
        for step in todo:
            if gone.intersection(step.needs):
                gone.add(step.id)
                at = max(self._clock.get(name, 0.0) for name in step.needs)
                events.append(
                    StepFinished(
                        at=BEGAN + at, step=step.id, status=Status.SKIPPED, seconds=0.0,
                        detail=f"because {self.failing} failed",
                    )
                )  # fmt: skip
                continue
            events += self._step(step)
            if step.id == self.failing:
                gone.add(step.id)
        wall = max(self._clock.values())
        events += self._load([e for e in events if isinstance(e, UnitFinished)], wall)
        events.append(
            RunFinished(at=BEGAN + wall, run="20261120-120000-1", seconds=wall, ok=not self.failing)
        )
        return sorted(events, key=lambda event: event.at)

    def _step(self, step: Step) -> list[Event]:
        start = max((self._clock.get(name, 0.0) for name in step.needs), default=0.0) + 0.5
        jobs = max(1, self.jobs if step.id == "build:torch" else self.jobs // 2)
        events: list[Event] = [
            StepStarted(
                at=BEGAN + start, step=step.id, log=f"/runs/logs/{step.id}.log",
                jobs=jobs if isinstance(step, BuildStep) else 1,
            )
        ]  # fmt: skip
        events += [
            CommandStarted(at=BEGAN + start + after, step=step.id, label=label)
            for after, label in ((0.1, "configure"), (4.0, "build"))
        ]
        units = self._units(step, start + 4.0, jobs)
        end = max((unit.at - BEGAN for unit in units), default=start + 6.0) + 1.5
        self._clock[step.id] = end
        failed = step.id == self.failing
        return [
            *events,
            *units,
            CacheUsed(
                at=BEGAN + end, step=step.id, hits=len(units) // 4, misses=len(units) * 3 // 4
            ),
            StepFinished(
                at=BEGAN + end, step=step.id, status=Status.FAILED if failed else Status.BUILT,
                seconds=end - start,
                detail="build failed with exit code 1: kernel.cpp:3: error: x" if failed else "",
            ),
        ]  # fmt: skip

    def _units(self, step: Step, start: float, jobs: int) -> list[UnitFinished]:
        count = self.units.get(step.id, 0)
        slots = [start] * jobs
        units = []
        for number in range(count):
            at = heapq.heappop(slots)
            seconds = _seconds(number, step.id)
            last = number == count - 1
            heapq.heappush(slots, at + seconds + 0.05)
            units.append(
                UnitFinished(
                    at=BEGAN + at + seconds, step=step.id,
                    kind="link" if number % 150 == 149 or last else "compile",
                    source=self.source.format(name=step.name, number=number),
                    output=f"kernel_{number}.o", waited=0.05 * (number % 7), seconds=seconds,
                    peak=int((0.15 + seconds / 30) * GIB),
                    code=1 if last and step.id == self.failing else 0,
                    attempts=2 if number % 700 == 699 else 1,
                )
            )  # fmt: skip
        return units

    def _load(self, units: list[UnitFinished], wall: float) -> list[Event]:
        """A sample a second; where memory runs short one unit is frozen, resumed or killed."""
        events: list[Event] = []
        changes = sorted(
            change
            for unit in units
            for change in (
                (unit.at - unit.seconds, 1, unit.peak, unit.source),
                (unit.at, -1, -unit.peak, unit.source),
            )
        )
        used, busy, next_change, source = 2 * GIB, 0, 0, ""
        for second in range(int(wall) + 1):
            while next_change < len(changes) and changes[next_change][0] <= BEGAN + second:
                _, one, held, source = changes[next_change]
                used, busy, next_change = used + held, busy + one, next_change + 1
            at = BEGAN + second
            short = used > self.memory * 0.9
            events.append(
                Load(
                    at=at, used=min(used, self.memory), limit=self.memory, busy=busy,
                    waiting=busy // 3, frozen=int(short),
                )
            )  # fmt: skip
            if short:
                action = ("frozen", "resumed", "frozen", "resumed", "killed")[second % 5]
                events.append(
                    MemoryPressure(
                        at=at, step="build:torch", action=action, source=source, held=3 * GIB,
                        left=max(0, self.memory - used),
                    )
                )  # fmt: skip
        return events


def _seconds(number: int, name: str) -> float:
    """Most compile quickly, a few take a minute, as in torch."""
    spread = ((number + len(name)) * 2654435761 % 1000) / 1000
    return round(1.5 + 9 * spread + (45 * spread if number % 61 == 0 else 0), 2)


def write(folder: Path, plan: Plan, events: list[Event], tail: bytes = b"") -> Path:
    """A run folder as a run would leave it; `tail` comes after the last whole line."""
    folder.mkdir(parents=True)
    (folder / "plan.json").write_bytes(msgspec.json.encode(plan))
    lines = b"".join(msgspec.json.encode(event) + b"\n" for event in events)
    (folder / "events.jsonl").write_bytes(lines + tail)
    return folder

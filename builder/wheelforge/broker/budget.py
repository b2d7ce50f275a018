"""Decides who may start, who is frozen and who is killed: one budget of jobs and memory.

Jobs: every running step has a place, which its first compile uses; further compiles, and tokens
lent to a make, take from what is left of the budget.

Memory is Dijkstra's banker's problem with a twist: a compile that is stopped loses nothing, and
one that is killed can be repeated. So a unit starts when the growth still to come of everything
that runs, and its own claim, fit into what is free now; when guesses prove wrong the youngest are
stopped until the older ones, which are never stopped, have what they need; and when nothing is
left the youngest is killed. The oldest always goes on, so that there is always progress.

Nothing here reads a clock or a file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wheelforge.broker.claims import Claim

HORIZON_SECONDS = 0.5  # how far ahead what grows now is thought to go on growing
_LEAST_SLACK = 64 << 20
_SLACK = 0.03
_FLOOR = 0.5  # of the slack: below it something has to go
_PASSED = 2  # times the jobs: how often others may pass one that waits for memory


@dataclass(eq=False)
class Place:
    """A step that runs: its priority (seconds to the end of the run), tokens lent to its tools.

    `most` compiles of it may run at once (0: as many as there are jobs).
    """

    step: str
    priority: float = 0.0
    tokens: int = 0
    most: int = 0


@dataclass(eq=False)
class Task:
    """A unit at the gate or behind it. `held` bytes now, growing by `rate` bytes a second.

    `paid`: its job was paid for with a token by the make that started it.
    """

    place: Place
    claim: Claim
    number: int
    paid: bool = False
    held: int = 0
    rate: float = 0.0
    frozen: bool = False
    doomed: bool = False
    passed: int = 0

    @property
    def growth(self) -> float:
        """Bytes still to come, as far as can be told."""
        return max(0.0, self.claim.mean - self.held)


class Action(NamedTuple):
    """What is to be done to a task: freeze, resume or kill."""

    verb: str
    task: Task


@dataclass
class Budget:
    """`jobs` compilers at once; tasks that run are in the order of their start."""

    jobs: int
    places: dict[str, Place] = field(default_factory=dict)
    waiting: list[Task] = field(default_factory=list)
    running: list[Task] = field(default_factory=list)
    longing: float = -math.inf  # the priority of the first step that could not start

    @property
    def free(self) -> int:
        """Jobs that nobody has."""
        compiling, _ = self._counted()
        places = {*self.places.values(), *compiling}
        used = (max(1, compiling.get(place, 0)) + place.tokens for place in places)
        return self.jobs - sum(used)

    def _counted(self) -> tuple[dict[Place, int], dict[Place, int]]:
        """Compiles that no token stands for, and those that were paid for, by place.

        A ninja below a make has all of its compiles say that they were paid for: those beyond the
        tokens count. (Loops: this is asked several times for each compile.)
        """
        compiling: dict[Place, int] = {}
        paid: dict[Place, int] = {}
        for task in self.running:
            counts = paid if task.paid else compiling
            counts[task.place] = counts.get(task.place, 0) + 1
        for place, count in paid.items():
            compiling[place] = compiling.get(place, 0) + max(0, count - place.tokens)
        return compiling, paid

    def start(self, left: int, limit: int) -> Task | None:
        """Move one task that may start now from the waiting to the running; None: nobody may.

        `left` bytes are free now of `limit`.
        """
        if not self.waiting or any(task.frozen for task in self.running):
            return None
        passed: list[Task] = []
        for task in self._candidates():
            if not self.running or self.fits(task, left - slack(limit)):
                for other in passed:
                    other.passed += 1
                self.waiting.remove(task)
                self.running.append(task)
                return task
            if task.passed >= _PASSED * self.jobs:  # it has waited long enough: nobody passes now
                return None
            passed.append(task)
        return None

    def _candidates(self) -> Iterator[Task]:
        """Those that wait and whose job is there, the most urgent step's first."""
        free, (compiling, paid) = self.free, self._counted()
        for task in sorted(self.waiting, key=lambda task: (-task.place.priority, task.number)):
            place, count = task.place, compiling.get(task.place, 0)
            more = (
                free >= 1 and place.priority >= self.longing and count < (place.most or count + 1)
            )
            if (task.paid and paid.get(place, 0) < place.tokens) or count == 0 or more:
                yield task

    def fits(self, task: Task, left: float) -> bool:
        """True when everything that runs and this task will probably stay below `left`."""
        together = [*self.running, task]
        spread = math.sqrt(sum(other.claim.deviation**2 for other in together))
        return sum(other.growth for other in together) + 2 * spread <= left

    def relieve(self, left: int, limit: int) -> list[Action]:
        """What is to be done now that `left` of `limit` bytes are free."""
        if any(task.doomed for task in self.running):
            return []  # what it held is not back yet
        spare = left - slack(limit)
        if left < _FLOOR * slack(limit) and len(self.running) > 1:
            self.running[-1].doomed = True
            return [Action("kill", self.running[-1])]
        active = [task for task in self.running if not task.frozen]
        frozen = [task for task in self.running if task.frozen]
        if active and spare < max(_most(active[0]), _soon(active)):
            return [Action("freeze", task) for task in _beyond(active, spare)]
        return [Action("resume", task) for task in _back(active, frozen, spare)]


def slack(limit: int) -> float:
    """The bytes of `limit` that are kept free for what the broker does not see."""
    return max(_LEAST_SLACK, _SLACK * limit)


def _most(task: Task) -> float:
    """Bytes still to come at most; what has outgrown its claim goes on as it did last."""
    claimed = task.claim.mean + task.claim.deviation - task.held
    return claimed if claimed > 0 else HORIZON_SECONDS * max(0.0, task.rate)


def _soon(active: Sequence[Task]) -> float:
    return HORIZON_SECONDS * sum(max(0.0, task.rate) for task in active)


def _beyond(active: Sequence[Task], spare: float) -> list[Task]:
    """The young ones that have to stop so that the older ones find what they need."""
    needed = 0.0
    for number, task in enumerate(active):
        needed += _most(task)
        if number and needed > spare:
            return list(active[number:])
    return []


def _back(active: Sequence[Task], frozen: Sequence[Task], spare: float) -> list[Task]:
    """Those that may go on: the oldest of them always, when nothing else runs."""
    needed = sum(_most(task) for task in active)
    back: list[Task] = []
    for task in frozen:
        needed += _most(task)
        if needed > spare and (active or back):
            break
        back.append(task)
    return back

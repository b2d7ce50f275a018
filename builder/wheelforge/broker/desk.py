"""Answers gates: who starts when, what a compile took, and what is done when it fails."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable
from typing import Protocol

from wheelforge.broker.budget import Budget, Task
from wheelforge.broker.claims import Claim
from wheelforge.broker.protocol import Ask, Ended, GateLine
from wheelforge.broker.seat import Failure, Request, Seat
from wheelforge.broker.unit import Unit, unit_of
from wheelforge.events import UnitFinished
from wheelforge.invocation import legible

_FRESH = 0.05  # seconds for which what was free is believed: what has started since is counted
_TAKEN = 8  # times the broker may kill a unit to have its memory
_KILLED = 3  # … and something else may: the kernel, most likely


class Room(Protocol):
    """How much memory there is."""

    @property
    def limit(self) -> int:
        """Bytes that may be used in all."""

    def left(self, held: int = 0) -> int:
        """Bytes that are free now, when this run's compilers hold `held`."""


class FrontDesk:
    """Every gate of a run comes here; `jobs` compilers run at once, in the memory of `room`."""

    def __init__(self, *, jobs: int, room: Room) -> None:
        self.budget = Budget(jobs)
        self.seats: dict[str, Seat] = {}
        self.requests: dict[Task, tuple[Request, GateLine]] = {}
        self.before: Callable[[], None] = lambda: None
        self._room = room
        self._numbers = itertools.count()
        self._left, self._looked = 0, -math.inf

    @property
    def limit(self) -> int:
        """Bytes that may be used in all."""
        return self._room.limit

    def left(self) -> int:
        """Bytes that are free now."""
        self._looked = time.monotonic()
        self._left = self._room.left(sum(task.held for task in self.budget.running))
        return self._left

    def asked(self, line: GateLine, ask: Ask) -> None:
        """A gate asks to start a compile or link."""
        seat = self.seats.get(ask.mark)
        if seat is None or line.task is not None:  # of a step that has ended, or no gate
            line.close()
            self.gone(line)
            return
        unit = unit_of(ask.kind, ask.cwd, ask.argv, seat.work)
        if unit.tracked and seat.journal.restore(unit, ask.cwd):
            line.send("fresh")
            seat.tell(_finished(seat, unit.beside(seat.work), Ended(0, 0, False, "")))
            return
        claim = seat.claims.of(unit.beside(seat.work))
        paid = bool(ask.jobserver) and ask.jobserver == seat.server.auth
        task = Task(seat.place, claim, next(self._numbers), paid)
        request = Request(seat, task, unit, ask.cwd, ask.argv, time.monotonic())
        self.requests[task] = (request, line)
        line.task = task
        self.budget.waiting.append(task)
        self.go_on()

    def started(self, line: GateLine, child: int) -> None:
        """A gate has started its compiler, as the leader of a process group."""
        if line.task in self.requests:
            self.requests[line.task][0].child = child

    def ended(self, line: GateLine, end: Ended) -> None:
        """A compiler ended: it is noted, or tried again when it was killed."""
        task = line.task
        if task is None or task not in self.requests:
            return
        request = self.requests[task][0]
        request.peak = max(request.peak, end.peak)
        request.taken += task.doomed
        if end.killed and request.taken < _TAKEN and request.attempts - request.taken < _KILLED:
            self._again(request)
            self.go_on()
            return
        seconds = time.monotonic() - request.began
        self._note(request, end)  # before another begins: a crash between would count both
        self.forget(task)
        self.go_on()  # the next one first, and then the other bookkeeping
        self._finish(request, end, seconds)
        if end.status:
            line.send("over")
        else:
            line.close()  # it has nothing more to say

    def gone(self, line: GateLine) -> None:
        """A gate's connection is closed: nothing of its compiler is left."""
        if line.task in self.requests:
            self.forget(line.task)
            self.go_on()

    def forget(self, task: Task) -> None:
        """A task has left."""
        del self.requests[task]
        for tasks in (self.budget.waiting, self.budget.running):
            if task in tasks:
                tasks.remove(task)

    def go_on(self) -> None:
        """Give places to steps (`before`), start what may start, and lend what nobody wants."""
        budget = self.budget
        if (budget.waiting or self.longed_for) and budget.free < 1:
            self.withdraw()
        self.before()
        if budget.waiting:
            stale = time.monotonic() - self._looked > _FRESH
            left, limit = self.left() if stale else self._left, self.limit
            while (task := budget.start(left, limit)) is not None:
                self._start(task)
        elif not self.longed_for:
            self._lend()

    @property
    def longed_for(self) -> bool:
        """True when a step waits for its place."""
        return self.budget.longing > -math.inf

    def withdraw(self) -> None:
        """Take back the tokens that no tool has taken."""
        for seat in self.seats.values():
            if seat.place.tokens and (unused := seat.server.unused()):
                seat.server.withdraw(unused)
                seat.place.tokens = seat.server.lent

    def _lend(self) -> None:
        """Offer free jobs to the tools that speak make's protocol, the most urgent step's first."""
        seats = sorted(self.seats.values(), key=lambda seat: -seat.place.priority)
        free = self.budget.free
        for number, seat in enumerate(seats):
            share, place = -(-free // (len(seats) - number)), seat.place
            share = min(share, place.most - 1 - place.tokens) if place.most else share
            if share > 0:
                seat.server.lend(share)
                seat.place.tokens = seat.server.lent
                free -= share

    def _start(self, task: Task) -> None:
        request, line = self.requests[task]
        unit, journal, now = request.unit, request.seat.journal, time.monotonic()
        request.waited += now - request.asked
        request.began, request.began_ns = now, time.time_ns()
        request.attempts += 1
        journal.begin(unit.output)
        line.send(f"go {journal.dependencies(unit)}" if unit.tracked else "go")

    def _again(self, request: Request) -> None:
        """Let it wait in its old place, with twice the claim where memory was taken from it."""
        task = request.task
        seen = max(task.held, request.peak, int(task.claim.mean))
        task.claim = Claim(2.0 * seen if task.doomed else float(seen))
        task.doomed = task.frozen = False
        task.held, task.rate, request.child = 0, 0.0, 0
        self.budget.running.remove(task)
        self.budget.waiting.append(task)
        request.asked = time.monotonic()

    def _note(self, request: Request, end: Ended) -> None:
        """Write down what became of the output, for the day the build is interrupted."""
        unit, journal = request.unit, request.seat.journal
        if end.killed:  # it had no time to remove what it had half written
            journal.remove(unit.output)
        elif end.status == 0 and unit.tracked and not unit.trial:
            journal.keep(unit, request.began_ns)
        journal.end(unit.output)

    def _finish(self, request: Request, end: Ended, seconds: float) -> None:
        seat, unit = request.seat, request.unit
        near = unit.beside(seat.work)
        if unit.trial:
            return
        if end.status == 0:
            seat.claims.note(near, request.peak, seconds)
        else:
            argv, cwd = tuple(map(legible, request.argv)), legible(request.cwd)
            failure = Failure(near, argv, cwd, end.said, request.peak, killed=end.killed)
            seat.failures.append(failure)
        seat.tell(_finished(seat, near, end, request, seconds))


def _finished(
    seat: Seat, unit: Unit, end: Ended, request: Request | None = None, seconds: float = 0.0
) -> UnitFinished:
    return UnitFinished(
        step=seat.place.step,
        kind=unit.kind,
        source=unit.source,
        output=unit.output,
        waited=request.waited if request else 0.0,
        seconds=seconds,
        peak=request.peak if request else 0,
        code=end.status,
        attempts=request.attempts if request else 0,
        reused=request is None,
    )

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gates import GIB, Room
from wheelforge.broker import pressure
from wheelforge.broker.budget import Place, Task
from wheelforge.broker.claims import Claim, Claims
from wheelforge.broker.desk import FrontDesk
from wheelforge.broker.jobserver import JobServer
from wheelforge.broker.journal import Journal
from wheelforge.broker.pressure import Watch
from wheelforge.broker.protocol import GateLine
from wheelforge.broker.seat import Request, Seat
from wheelforge.broker.unit import Unit
from wheelforge.events import Event, Load, MemoryPressure

SHORT = int(0.2 * GIB)  # below what is kept free, above the floor


@dataclass
class Desk:
    """A desk with compiles that never ran: `amounts` is what each process holds."""

    work: Path
    room: Room = field(default_factory=Room)
    events: list[Event] = field(default_factory=list)
    amounts: dict[int, int] = field(default_factory=dict)
    signals: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = FrontDesk(jobs=4, room=self.room)
        place = Place("build:a")
        self.desk.budget.places["build:a"] = place
        self.seat = Seat(
            place, str(self.work), Claims(self.work / "p", 1), Journal(self.work), JobServer(),
            self.events.append,
        )  # fmt: skip
        self.watch = Watch(self.desk, self.events.append)

    def run(self, child: int, mean: float = 0.0) -> Task:
        """A compile that runs as process `child`; 0: it was only just started."""
        task = Task(self.seat.place, Claim(mean), child)
        unit = Unit("compile", "c", f"{self.work}/a{child}.c", f"{self.work}/a.o", "s", False)
        request = Request(self.seat, task, unit, str(self.work), ("cc",), 0.0, child=child)
        self.desk.requests[task] = (request, GateLine.__new__(GateLine))  # nobody at the other end
        self.desk.budget.running.append(task)
        return task

    def pressure(self) -> list[tuple[str, str]]:
        return [(e.action, e.source) for e in self.events if isinstance(e, MemoryPressure)]

    def loads(self) -> list[Load]:
        return [event for event in self.events if isinstance(event, Load)]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk(tmp_path)
    monkeypatch.setattr(pressure, "held", lambda child: desk.amounts.get(child, 0))
    monkeypatch.setattr(os, "killpg", lambda group, number: desk.signals.append((group, number)))
    return desk


def test_what_runs_is_measured_and_how_quickly_it_grows(desk: Desk) -> None:
    task = desk.run(101)
    desk.amounts[101] = GIB
    desk.watch.look(10.0)
    assert task.held == GIB
    desk.amounts[101] = 2 * GIB
    desk.watch.look(10.1)
    assert task.held == GIB, "with much left there is time"
    desk.watch.look(10.5)
    assert task.held == 2 * GIB
    assert task.rate == pytest.approx(2 * GIB)


def test_near_the_limit_it_looks_every_time(desk: Desk) -> None:
    task = desk.run(101)
    desk.room.free = 2 * GIB
    desk.watch.look(10.0)
    desk.amounts[101] = GIB
    desk.watch.look(10.1)
    assert task.held == GIB
    assert task.rate == pytest.approx(10 * GIB)


def test_the_young_are_stopped_and_go_on(desk: Desk) -> None:
    tasks = [desk.run(number) for number in (101, 102, 103)]
    desk.room.free = SHORT
    tasks[0].claim = Claim(GIB)
    desk.amounts = dict.fromkeys((101, 102, 103), 1)
    desk.watch.look(10.0)
    assert desk.signals == [(102, signal.SIGSTOP), (103, signal.SIGSTOP)]
    assert [task.frozen for task in tasks] == [False, True, True]
    desk.watch.look(10.1)
    assert len(desk.signals) == 2
    desk.room.free = 5 * GIB
    desk.watch.look(10.4)
    assert desk.signals[2:] == [(102, signal.SIGCONT), (103, signal.SIGCONT)]
    assert [task.frozen for task in tasks] == [False] * 3
    assert desk.pressure() == [
        ("frozen", "a102.c"), ("frozen", "a103.c"), ("resumed", "a102.c"), ("resumed", "a103.c"),
    ]  # fmt: skip


def test_what_stands_keeps_the_rate_it_had(desk: Desk) -> None:
    task = desk.run(101)
    desk.watch.look(10.0)
    desk.amounts[101] = GIB
    desk.watch.look(11.0)
    task.frozen = True
    task.claim = Claim(0.0)
    desk.room.free = 1
    desk.watch.look(12.0)
    assert task.rate == pytest.approx(GIB)


def test_the_youngest_is_killed_once(desk: Desk) -> None:
    tasks = [desk.run(number) for number in (101, 102)]
    desk.room.free = 0
    desk.watch.look(10.0)
    desk.watch.look(10.1)
    desk.watch.look(10.2)
    assert desk.signals == [(102, signal.SIGKILL)]
    assert tasks[1].doomed
    assert desk.pressure() == [("killed", "a102.c")]


def test_what_is_left_of_a_frozen_compile_is_ended(desk: Desk) -> None:
    """A driver that is killed with its gate leaves its children stopped, with the gate's line."""
    for number in (101, 102):
        desk.run(number)
    desk.room.free = SHORT
    desk.desk.budget.running[1].frozen = True
    desk.amounts = {101: 1, 102: 0}
    desk.watch.look(10.0)
    assert desk.signals == [(102, signal.SIGKILL)]


def test_one_that_is_just_being_started_is_killed_at_the_next_look(desk: Desk) -> None:
    desk.run(101)
    young = desk.run(0)
    desk.room.free = 0
    desk.watch.look(10.0)
    assert (desk.signals, desk.pressure(), young.doomed) == ([], [], False)
    desk.desk.requests[young][0].child = 102
    desk.watch.look(10.1)
    assert desk.signals == [(102, signal.SIGKILL)]


def test_a_process_that_has_just_ended_is_no_failure(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(group: int, number: int) -> None:
        raise ProcessLookupError(group, number)

    monkeypatch.setattr(os, "killpg", gone)
    desk.run(101)
    desk.run(102)
    desk.room.free = 0
    desk.watch.look(10.0)
    assert desk.pressure() == [("killed", "a102.c")]


def test_the_load_is_told_every_second(desk: Desk) -> None:
    desk.run(101)
    desk.room.free = 6 * GIB
    for tenth in range(100, 131):
        desk.watch.look(tenth / 10)
    loads = desk.loads()
    assert len(loads) == 4
    (first, *_) = loads
    assert (first.used, first.limit, first.waiting, first.frozen) == (4 * GIB, 10 * GIB, 0, 0)


def test_jobs_that_nobody_uses_are_not_busy(desk: Desk) -> None:
    """Tokens in a pipe are lent, but nothing compiles with them."""
    desk.desk.seats["x"] = desk.seat
    desk.run(101)
    desk.desk.go_on()
    assert desk.seat.server.unused() == 3
    desk.watch.look(10.0)
    assert desk.loads()[-1].busy == 1

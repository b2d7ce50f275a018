from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wheelforge.broker.budget import Action, Budget, Place, Task, slack
from wheelforge.broker.claims import Claim

GIB = 1 << 30
LIMIT = 10 * GIB


@dataclass(frozen=True)
class Work:
    """A compile as it truly is: its peak is reached step by step; the claim says less or more."""

    peak: int
    ticks: int
    wrong: float = 1.0
    deviation: float = 0.0


@dataclass
class Step:
    """A step of a run: a ninja asks for everything at once, a make only for what it has paid.

    A ninja below a make is rude: it asks for everything as if that make had paid for it.
    """

    place: Place
    works: list[Work]
    make: bool
    rude: bool
    arrives: int


@dataclass
class Machine:
    """Runs steps as the broker would, and checks after everything what must always hold."""

    budget: Budget
    steps: list[Step]
    right: bool = True
    done: dict[Task, int] = field(default_factory=dict)  # ticks a task has run
    works: dict[Task, Work] = field(default_factory=dict)
    number: int = 0
    ended: int = 0

    @property
    def left(self) -> int:
        return max(0, LIMIT - sum(task.held for task in self.budget.running))

    def run(self, ticks: int) -> None:
        """Everything has ended after `ticks`, or it never will."""
        todo = list(self.steps)
        for now in range(ticks):
            todo = [step for step in todo if not self.admit(step, now)]
            self.ask()
            self.start()
            self.work()
            self.relieve()
            if not todo and not self.budget.places:
                return
        pytest.fail(f"not ended: {self.budget}")

    def admit(self, step: Step, now: int) -> bool:
        budget = self.budget
        if step.arrives > now:
            return False
        if budget.free < 1:
            self.withdraw()
        if budget.free < 1 and budget.places:
            budget.longing = max(budget.longing, step.place.priority)
            return False
        budget.longing = float("-inf")
        budget.places[step.place.step] = step.place
        return True

    def tasks(self, place: Place) -> list[Task]:
        return [task for task in (*self.budget.waiting, *self.budget.running)
                if task.place is place]  # fmt: skip

    def ask(self) -> None:
        for step in self.steps:
            if self.budget.places.get(step.place.step) is not step.place:
                continue
            open_ = len(step.works)
            if step.make and not step.rude:
                open_ = min(open_, 1 + step.place.tokens - len(self.tasks(step.place)))
            for _ in range(open_):
                work = step.works.pop()
                claim = Claim(work.peak * work.wrong, work.deviation)
                task = Task(step.place, claim, self.number, paid=step.make)
                self.number += 1
                self.works[task] = work
                self.budget.waiting.append(task)
            if not step.works and not self.tasks(step.place):
                del self.budget.places[step.place.step]
                step.place.tokens = 0

    def withdraw(self) -> None:
        for place in self.budget.places.values():
            place.tokens = min(place.tokens, max(0, len(self.tasks(place)) - 1))

    def start(self) -> None:
        if self.budget.waiting and self.budget.free < 1:
            self.withdraw()
        left = self.left
        while (task := self.budget.start(left, LIMIT)) is not None:
            assert not any(other.frozen for other in self.budget.running)
            self.done[task] = 0
            self.check_jobs()
        makes = [step.place for step in self.steps
                 if step.make and step.place.step in self.budget.places]  # fmt: skip
        if not self.budget.waiting and makes and self.budget.free > 0:
            makes[0].tokens += self.budget.free
        self.check_jobs()

    def check_jobs(self) -> None:
        budget = self.budget
        assert budget.free >= 0
        assert len(budget.running) <= budget.jobs
        for place in budget.places.values():
            mine = [task for task in budget.running if task.place is place]
            assert len(mine) <= (place.most or budget.jobs)

    def work(self) -> None:
        for task in list(self.budget.running):
            if task.frozen:
                continue
            work = self.works[task]
            self.done[task] += 1
            held = work.peak * self.done[task] // work.ticks
            task.rate, task.held = (held - task.held) / 0.2, held
        if self.right:
            assert sum(task.held for task in self.budget.running) <= LIMIT
        for task in list(self.budget.running):
            if self.done[task] >= self.works[task].ticks:
                self.budget.running.remove(task)
                self.ended += 1

    def relieve(self) -> None:
        oldest = self.budget.running[0] if self.budget.running else None
        actions = self.budget.relieve(self.left, LIMIT)
        assert not (self.right and actions)
        assert sum(action.verb == "kill" for action in actions) <= 1
        for verb, task in actions:
            if verb != "resume":
                assert task is not oldest
            task.frozen = verb == "freeze"
            if verb == "kill":
                self.budget.running.remove(task)
                task.claim = Claim(2 * max(task.held, task.claim.mean))
                task.held, task.rate, task.doomed = 0, 0.0, False
                self.budget.waiting.append(task)
        frozen = [task.frozen for task in self.budget.running]
        assert frozen == sorted(frozen), "the young ones stand, the old ones go"


sizes = st.integers(1, 9 * GIB)


def steps_of(works: st.SearchStrategy[Work]) -> st.SearchStrategy[list[Step]]:
    """Up to five steps that arrive at any time."""
    step = st.builds(
        lambda works, make, rude, most, priority, arrives: Step(
            Place("", priority, most=0 if make else most), works, make, rude, arrives
        ),
        st.lists(works, max_size=12),
        st.booleans(),
        st.booleans(),
        st.integers(0, 3),
        st.floats(0, 100),
        st.integers(0, 20),
    )

    def named(steps: list[Step]) -> list[Step]:
        for number, one in enumerate(steps):
            one.place.step = f"build:{number}"
        return steps

    return st.lists(step, min_size=1, max_size=5).map(named)


def total(steps: list[Step]) -> tuple[int, int]:
    """How many compiles there are, and ticks that are enough for all of them one by one."""
    works = [work for step in steps for work in step.works]
    return len(works), 60 + 3 * len(steps) + 40 * sum(work.ticks + 1 for work in works)


@settings(max_examples=150)
@given(st.integers(1, 6), steps_of(st.builds(Work, sizes, st.integers(1, 6))))
def test_right_claims_never_take_more_memory_than_there_is(jobs: int, steps: list[Step]) -> None:
    count, ticks = total(steps)
    machine = Machine(Budget(jobs), steps)
    machine.run(ticks)
    assert machine.ended == count


@settings(max_examples=150)
@given(
    st.integers(1, 6),
    steps_of(
        st.builds(Work, sizes, st.integers(1, 6), st.floats(0.0, 3.0), st.floats(0.0, 2.0 * GIB))
    ),
)
def test_everything_ends_however_wrong_the_claims_are(jobs: int, steps: list[Step]) -> None:
    count, ticks = total(steps)
    machine = Machine(Budget(jobs), steps, right=False)
    machine.run(ticks)
    assert machine.ended == count


def task(place: Place, mean: float, number: int = 0, **words: bool | float) -> Task:
    one = Task(place, Claim(mean), number)
    for name, value in words.items():
        setattr(one, name, value)
    return one


def budget(jobs: int, *places: Place) -> Budget:
    return Budget(jobs, places={place.step: place for place in places})


def started(one: Budget, left: int = LIMIT) -> list[int]:
    """The numbers of all that may start now."""
    found = []
    while (begun := one.start(left, LIMIT)) is not None:
        found.append(begun.number)
    return found


def test_one_slot_is_a_steps_own_and_the_others_are_shared() -> None:
    a, b = Place("a", 1.0), Place("b", 9.0)
    one = budget(3, a, b)
    one.waiting = [task(a, 1, 0), task(a, 1, 1), task(a, 1, 2)]
    assert started(one) == [0, 1]  # the third job is b's, which compiles nothing yet
    assert one.free == 0
    one.waiting += [task(b, 1, 3), task(b, 1, 4)]
    assert started(one) == [3]
    one.running.pop(0)
    assert started(one) == [4]  # the more urgent step's first


def test_tokens_are_jobs_and_what_they_pay_for_is_not_counted_again() -> None:
    make, ninja = Place("make", tokens=2), Place("ninja")
    one = budget(4, make, ninja)
    assert one.free == 0
    one.waiting = [task(make, 1, number, paid=True) for number in range(3)]
    one.waiting += [task(ninja, 1, 3), task(ninja, 1, 4)]
    assert started(one) == [0, 1, 2, 3]
    assert one.free == 0


def test_what_only_says_that_it_was_paid_for_waits_like_others() -> None:
    """A ninja below a make hands on the make's variables, and takes no tokens."""
    make, other = Place("make", tokens=1), Place("other")
    one = budget(4, make, other)
    one.waiting = [task(make, 1, number, paid=True) for number in range(6)]
    assert started(one) == [0, 1, 2]  # its token, its own, and one that was free; one is other's
    assert one.free == 0


def test_no_more_than_a_step_stands() -> None:
    place = Place("fragile", most=2)
    one = budget(8, place)
    one.waiting = [task(place, 1, number) for number in range(5)]
    assert started(one) == [0, 1]
    assert one.free == 6


def test_a_step_that_waits_is_made_room_for_by_those_less_urgent() -> None:
    urgent, idle = Place("urgent", 5.0), Place("idle", 1.0)
    one = budget(6, urgent, idle)
    one.longing = 3.0
    one.waiting = [task(idle, 1, 0), task(idle, 1, 1), task(urgent, 1, 2), task(urgent, 1, 3)]
    assert started(one) == [2, 3, 0]  # of the idle one only its own slot


def test_what_does_not_fit_waits_unless_nothing_runs() -> None:
    place = Place("a")
    one = budget(4, place)
    one.waiting = [task(place, 20 * GIB, 0), task(place, 1 * GIB, 1)]
    assert started(one) == [0]
    one.running.clear()
    one.waiting.append(task(place, 9 * GIB, 2))
    assert started(one) == [1]


def test_deviations_add_up_by_squares() -> None:
    place = Place("a")
    one = budget(20, place)
    one.waiting = [Task(place, Claim(GIB, GIB / 2), number) for number in range(20)]
    assert len(started(one)) == 7  # 7 + √7 ≤ 9.7 GiB, while the worst of each would be 2 GiB


def test_waiting_alone_does_not_wear_out_patience() -> None:
    """How often it was looked at is not how often somebody passed."""
    place = Place("a")
    one = budget(4, place)
    one.running = [task(place, 5 * GIB, 0)]
    one.waiting = [task(place, 9 * GIB, 1)]
    for _ in range(100):
        assert started(one) == []
    one.waiting.append(task(place, GIB, 2))
    assert started(one) == [2]


def test_a_large_one_is_passed_a_bounded_number_of_times() -> None:
    place = Place("a")
    one = budget(3, place)
    one.waiting = [task(place, GIB, 0), task(place, 9 * GIB, 1), *small(place, 50)]
    passed = 0
    while 1 not in started(one):
        one.running.pop(0)
        passed += 1
        assert passed < 20
    assert passed > 3, "small ones may pass"
    assert [other.number for other in one.running] == [1]


def small(place: Place, count: int) -> list[Task]:
    return [task(place, GIB, 2 + number) for number in range(count)]


def running(*tasks: Task) -> Budget:
    one = budget(8, tasks[0].place)
    one.running = list(tasks)
    return one


def told(actions: list[Action]) -> list[tuple[str, int]]:
    return [(action.verb, action.task.number) for action in actions]


PLACE = Place("a")


def test_with_enough_room_nothing_is_done() -> None:
    assert running(task(PLACE, GIB, 0), task(PLACE, GIB, 1)).relieve(LIMIT, LIMIT) == []
    assert budget(2).relieve(0, LIMIT) == []


def test_the_youngest_stand_until_the_older_have_what_they_need() -> None:
    tasks = [task(PLACE, 3 * GIB, number, held=GIB) for number in range(4)]
    one = running(*tasks)
    left = 4 * GIB + int(slack(LIMIT))
    assert one.relieve(left, LIMIT) == []  # the oldest finds its 2 GiB
    tasks[0].held = 0
    tasks[0].claim = Claim(5 * GIB)
    assert told(one.relieve(left, LIMIT)) == [("freeze", 1), ("freeze", 2), ("freeze", 3)]


def test_what_grows_quickly_is_stopped_before_it_is_too_late() -> None:
    tasks = [task(PLACE, 0, number, held=GIB, rate=2.0 * GIB) for number in range(3)]
    one = running(*tasks)
    assert one.relieve(4 * GIB, LIMIT) == []
    assert told(one.relieve(3 * GIB, LIMIT)) == [("freeze", 2)]
    tasks[2].frozen = True
    assert one.relieve(3 * GIB, LIMIT) == []  # it would go on as before
    assert told(one.relieve(4 * GIB, LIMIT)) == [("resume", 2)]


def test_they_go_on_oldest_first_as_far_as_there_is_room() -> None:
    tasks = [task(PLACE, 2 * GIB, number, frozen=number > 0) for number in range(4)]
    one = running(*tasks)
    assert told(one.relieve(7 * GIB, LIMIT)) == [("resume", 1), ("resume", 2)]


def test_when_all_stand_the_oldest_goes_on_however_little_is_left() -> None:
    tasks = [task(PLACE, 8 * GIB, number, frozen=True) for number in range(3)]
    left = int(slack(LIMIT) * 0.6)
    assert told(running(*tasks).relieve(left, LIMIT)) == [("resume", 0)]


def test_only_below_the_floor_the_youngest_is_killed_one_at_a_time() -> None:
    tasks = [task(PLACE, 2 * GIB, number, held=GIB, frozen=number > 0) for number in range(3)]
    one = running(*tasks)
    assert told(one.relieve(int(slack(LIMIT) * 0.51), LIMIT)) == []
    assert told(one.relieve(int(slack(LIMIT) * 0.49), LIMIT)) == [("kill", 2)]
    assert one.relieve(0, LIMIT) == []  # what it held is not back yet
    one.running.pop()
    assert told(one.relieve(0, LIMIT)) == [("kill", 1)]
    one.running.pop()
    assert told(one.relieve(0, LIMIT)) == []


def test_slack_is_a_share_but_never_nothing() -> None:
    assert slack(0) == 64 << 20
    assert slack(100 * GIB) == pytest.approx(3 * GIB)

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import PYTHON
from wheelforge.broker import FETCHES_AT_ONCE, JobBroker, Wish
from wheelforge.errors import BuildError, InputError
from wheelforge.events import Event, Status, StepFinished
from wheelforge.execute import Execution, Result, Run, remaining, wish_of
from wheelforge.graph import BuildStep, CheckStep, FetchStep, Plan, State, Step, WheelSet
from wheelforge.recipe import Install, Resources

WHEELS = WheelSet(requires=(), python="3.12.0", tag="cp312", platform="linux")


def fetch(name: str, *needs: str) -> FetchStep:
    return FetchStep(id=name, name=name, version="1", needs=needs, what=WHEELS)


def build(name: str, *needs: str, resources: Resources = Resources()) -> BuildStep:  # noqa: B008
    return BuildStep(
        id=name, name=name, version="1", needs=needs, result="library", unpack=(), patches=(),
        commands=(), env={}, programs={}, libraries={}, install=Install(), resources=resources,
    )  # fmt: skip


def plan_of(*steps: Step, idle: Sequence[str] = ()) -> Plan:
    states = {s.id: State(verdict="idle" if s.id in idle else "todo") for s in steps}
    return Plan(
        steps=steps, states=states, requested=(), target="t", archspec="a", features=(),
        toolchain="native", python=PYTHON,
    )  # fmt: skip


class Ended(NamedTuple):
    results: dict[str, Result]
    events: list[Event]


def execution(plan: Plan, run: Run, jobs: int = 8) -> tuple[Execution, list[Event]]:
    events: list[Event] = []
    wishes = {step.id: wish_of(step, 1, 1.0) for step in plan.steps}
    return Execution(plan, run, JobBroker(jobs=jobs, memory=1 << 40), wishes, events.append), events


def execute(
    plan: Plan,
    run: Callable[[Step, int], Awaitable[Status]],
    *,
    jobs: int = 8,
    seconds: Mapping[str, float] | None = None,
    fail_fast: bool = False,
) -> Ended:
    async def go() -> Ended:
        made, events = execution(plan, run, jobs)
        async with asyncio.timeout(20):
            results = await made.go(remaining(plan, seconds or {}), fail_fast=fail_fast)
        return Ended(results, events)

    return asyncio.run(go())


def statuses(results: Mapping[str, Result]) -> dict[str, str]:
    return {name: str(result.status) for name, result in results.items()}


def failing(*names: str, error: Exception | None = None) -> Run:
    async def run(step: Step, jobs: int) -> Status:
        del jobs
        await asyncio.sleep(0)
        if step.id in names:
            raise error or BuildError("broken", where=step.id)
        return Status.BUILT

    return run


def test_a_step_starts_the_moment_its_inputs_exist() -> None:
    """`long` ends only when the whole other branch has: with rounds this would never end."""
    plan = plan_of(build("long"), build("a"), build("b", "a"), build("c", "b"))
    order: list[str] = []

    async def go() -> None:
        branch = asyncio.Event()

        async def run(step: Step, jobs: int) -> Status:
            del jobs
            if step.id == "long":
                await branch.wait()
            order.append(step.id)
            if step.id == "c":
                branch.set()
            return Status.BUILT

        made, _ = execution(plan, run)
        async with asyncio.timeout(20):
            await made.go(remaining(plan, {"long": 1000.0}), fail_fast=False)

    asyncio.run(go())
    assert order == ["a", "b", "c", "long"]


def test_the_longest_remaining_path_goes_first() -> None:
    plan = plan_of(build("short"), build("a"), build("long"), build("end", "a"))
    order: list[str] = []

    async def run(step: Step, jobs: int) -> Status:
        del jobs
        order.append(step.id)
        return Status.BUILT

    seconds = {"short": 1, "a": 2, "long": 5, "end": 10}
    assert remaining(plan, seconds) == {"short": 1, "a": 12, "long": 5, "end": 10}
    execute(plan, run, jobs=1, seconds=seconds)
    assert order == ["a", "end", "long", "short"]


def test_a_failed_step_skips_its_dependents_only_and_says_because_of_what() -> None:
    plan = plan_of(
        build("bad"), build("below", "bad"), build("last", "below"), build("good"),
        build("other", "good"),
    )  # fmt: skip
    results, events = execute(plan, failing("bad"))
    assert statuses(results) == {
        "bad": "failed", "below": "skipped", "last": "skipped", "good": "built", "other": "built",
    }  # fmt: skip
    assert results["last"].detail == "because bad failed"
    assert results["bad"].detail == "bad: broken"
    finished = [event.step for event in events if isinstance(event, StepFinished)]
    assert sorted(finished) == sorted(results)


def test_what_is_no_forge_error_is_a_bug_of_ours() -> None:
    error = ZeroDivisionError("by zero")
    result = execute(plan_of(build("bad")), failing("bad", error=error)).results["bad"]
    assert result.status is Status.FAILED
    assert result.detail == "internal error: ZeroDivisionError('by zero')"
    assert result.error is error


def checked(name: str, of: str) -> CheckStep:
    return CheckStep(
        id=name, name=name, version="1", needs=(of,), of=of, install=(), python=PYTHON, checks=()
    )


def test_nobody_waits_for_a_check_and_its_failure_stops_what_was_started() -> None:
    """The check fails only when `next` runs and `quick` has ended; `last` comes after `quick`."""
    plan = plan_of(
        build("lib"), checked("check:lib", "lib"), build("next", "lib", "check:lib"),
        build("quick", "lib", "check:lib"), build("last", "quick"), build("other"),
    )  # fmt: skip
    running, quick = asyncio.Event(), asyncio.Event()
    stopped: list[str] = []

    async def run(step: Step, jobs: int) -> Status:
        del jobs
        match step.id:
            case "check:lib":
                await running.wait()
                await quick.wait()
                raise BuildError("not what was asked for")
            case "next":
                running.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    stopped.append(step.id)
            case "quick":
                quick.set()
            case "last":
                await asyncio.sleep(10)
        return Status.BUILT

    results, _ = execute(plan, run)
    assert statuses(results) == {
        "lib": "built", "check:lib": "failed", "next": "skipped", "quick": "built",
        "last": "skipped", "other": "built",
    }  # fmt: skip
    assert results["next"].detail == "because check:lib failed"
    assert stopped == ["next"]


def test_fail_fast_stops_what_runs_and_skips_what_waits() -> None:
    plan = plan_of(build("bad"), build("long"), build("later", "long"))
    ended: list[str] = []

    async def run(step: Step, jobs: int) -> Status:
        del jobs
        if step.id == "bad":
            await asyncio.sleep(0)
            raise InputError("no")
        try:
            await asyncio.sleep(600)
        finally:
            ended.append(step.id)
        return Status.BUILT

    results = execute(plan, run, fail_fast=True).results
    assert statuses(results) == {"bad": "failed", "long": "interrupted", "later": "skipped"}
    assert results["later"].detail == "because of --fail-fast"
    assert ended == ["long"]


def test_keep_going_is_the_default() -> None:
    plan = plan_of(build("bad"), build("a"), build("b", "a"))
    assert statuses(execute(plan, failing("bad")).results)["b"] == "built"


def test_cancelling_awaits_every_task_and_leaves_complete_results() -> None:
    plan = plan_of(build("one"), build("two"), build("after", "one"), build("gone"))
    ended: list[str] = []

    async def go() -> tuple[Execution, int]:
        started = asyncio.Event()

        async def run(step: Step, jobs: int) -> Status:
            del jobs
            if step.id == "gone":
                return Status.BUILT
            started.set()
            try:
                await asyncio.sleep(600)
            finally:
                for _ in range(5):  # ending what it started takes a while
                    await asyncio.sleep(0)
                ended.append(step.id)
            return Status.BUILT

        made, _ = execution(plan, run)
        task = asyncio.ensure_future(made.go(remaining(plan, {}), fail_fast=False))
        await started.wait()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()  # an impatient user
        with pytest.raises(asyncio.CancelledError):
            await task
        return made, len(asyncio.all_tasks())

    made, tasks = asyncio.run(go())
    assert tasks == 1
    assert sorted(ended) == ["one", "two"]
    assert statuses(made.results) == {
        "one": "interrupted", "two": "interrupted", "after": "skipped", "gone": "built",
    }  # fmt: skip
    assert made.results["after"].detail == "because the run was stopped"


def test_early_cut_off_is_the_steps_own_word() -> None:
    async def run(step: Step, jobs: int) -> Status:
        del jobs
        return Status.CACHED if step.id == "b" else Status.BUILT

    plan = plan_of(build("a"), build("b", "a"))
    assert statuses(execute(plan, run).results) == {"a": "built", "b": "cached"}


def test_what_is_not_to_do_is_not_run_and_holds_nobody_up() -> None:
    plan = plan_of(build("idle"), build("a", "idle"), idle=["idle"])
    assert statuses(execute(plan, failing()).results) == {"a": "built"}


def test_wishes() -> None:
    large = Resources(memory_per_job="2 GiB", max_jobs=4)
    assert wish_of(fetch("f"), 16, 1).jobs == 0
    assert wish_of(build("b"), 16, 5.0, 7.0) == Wish(
        jobs=16, memory_per_job=1 << 29, work=5.0, step="b", priority=7.0
    )
    assert wish_of(build("b", resources=large), 16, 1) == Wish(
        jobs=4, memory_per_job=2 << 30, step="b"
    )
    assert wish_of(build("b", resources=large), 2, 1).jobs == 2
    check = CheckStep(id="c", name="c", version="1", of="b", install=(), python=PYTHON, checks=())
    assert wish_of(check, 16, 1).jobs == 1
    with pytest.raises(InputError, match=r"recipe b: resources\.memory_per_job"):
        wish_of(build("b", resources=Resources(memory_per_job="lots")), 1, 1)


@st.composite
def dags(draw: st.DrawFn) -> Plan:
    steps: list[Step] = []
    for number in range(draw(st.integers(0, 12))):
        known = [step.id for step in steps]
        needs = draw(st.lists(st.sampled_from(known), max_size=3, unique=True)) if known else []
        steps.append((fetch if draw(st.booleans()) else build)(f"s{number}", *needs))
    return plan_of(*steps)


class Machine:
    """Runs steps that take a few turns of the loop; notes who runs beside whom."""

    def __init__(self, plan: Plan, turns: Sequence[int], bad: frozenset[int]) -> None:
        self._plan = plan
        self._turns = turns
        self._bad = bad
        self.done: set[str] = set()
        self.started: Counter[str] = Counter()
        self.jobs = 0
        self.most_jobs = 0
        self.fetching = 0
        self.most_fetching = 0

    async def __call__(self, step: Step, jobs: int) -> Status:
        number = int(step.id[1:])
        assert self.done.issuperset(step.needs), "it started before what it needs"
        self.started[step.id] += 1
        is_fetch = isinstance(step, FetchStep)
        self.fetching += is_fetch
        self.jobs += 0 if is_fetch else jobs
        self.most_jobs = max(self.most_jobs, self.jobs)
        self.most_fetching = max(self.most_fetching, self.fetching)
        try:
            for _ in range(self._turns[number % len(self._turns)]):
                await asyncio.sleep(0)
        finally:
            self.fetching -= is_fetch
            self.jobs -= 0 if is_fetch else jobs
        if number in self._bad:
            raise BuildError("bad")
        self.done.add(step.id)
        return Status.BUILT


@settings(max_examples=100, deadline=None)
@given(
    dags(),
    st.integers(1, 6),
    st.integers(0, 8),
    st.lists(st.tuples(st.integers(1, 8), st.integers(0, 8)), min_size=1, max_size=4),
    st.lists(st.integers(0, 4), min_size=1, max_size=5),
    st.frozensets(st.integers(0, 12), max_size=3),
    st.booleans(),
)
def test_every_step_ends_once_in_order_and_within_the_limits(  # noqa: PLR0917
    plan: Plan,
    jobs: int,
    memory: int,
    sizes: list[tuple[int, int]],
    turns: list[int],
    bad: frozenset[int],
    fail_fast: bool,
) -> None:
    machine = Machine(plan, turns, bad)
    wishes = {
        step.id: Wish(jobs=0, memory_per_job=0)
        if isinstance(step, FetchStep)
        else Wish(jobs=sizes[n % len(sizes)][0], memory_per_job=sizes[n % len(sizes)][1])
        for n, step in enumerate(plan.steps)
    }
    broker = JobBroker(jobs=jobs, memory=memory)
    finished: list[Event] = []

    async def go() -> dict[str, Result]:
        made = Execution(plan, machine, broker, wishes, finished.append)
        async with asyncio.timeout(20):
            return await made.go(remaining(plan, {}), fail_fast=fail_fast)

    results = asyncio.run(go())
    assert set(results) == {step.id for step in plan.steps}
    assert len(finished) == len(results)
    assert set(machine.started.values()) <= {1}
    assert machine.most_jobs <= jobs
    assert machine.most_fetching <= FETCHES_AT_ONCE
    assert {n for n, r in results.items() if r.status is Status.BUILT} == machine.done
    if not bad:
        assert len(machine.done) == len(results)
    if not fail_fast:
        for step in plan.steps:
            ran = all(results[name].status is Status.BUILT for name in step.needs)
            assert (results[step.id].status is not Status.SKIPPED) == ran

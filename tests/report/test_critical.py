from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from wheelforge.report import Ending, StepLine, critical_path

TIMES = st.floats(min_value=0, max_value=1e6)


def line(name: str, needs: str = "", start: float | None = None, end: float = 0.0) -> StepLine:
    return StepLine(
        id=name,
        needs=tuple(needs.split()),
        ending=Ending.BUILT if start is not None else Ending.CACHED,
        start=start,
        end=end if start is not None else None,
    )


def test_the_chain_that_was_waited_for() -> None:
    steps = [
        line("fetch", "", 0, 2),
        line("quick", "fetch", 2, 5),
        line("slow", "fetch", 2, 50),
        line("aside", "", 0, 70),
        line("last", "quick slow", 53, 80),
    ]
    links = critical_path(steps)
    assert [(link.step, link.seconds, link.waited) for link in links] == [
        ("fetch", 2, 0), ("slow", 48, 0), ("last", 27, 3),
    ]  # fmt: skip


def test_what_was_cached_before_held_nobody_up() -> None:
    [link] = critical_path([line("old"), line("new", "old", 3, 9)])
    assert (link.step, link.waited, link.seconds) == ("new", 3, 6)


def test_nothing_ran() -> None:
    assert critical_path([line("old")]) == ()
    assert critical_path([]) == ()


@st.composite
def runs(draw: st.DrawFn) -> list[StepLine]:
    """Any steps at any times, also such that contradict their needs, and needs in circles."""
    names = [f"s{number}" for number in range(draw(st.integers(1, 8)))]
    steps = []
    for name in names:
        start = draw(st.none() | TIMES)
        end = draw(TIMES) if start is None else start + draw(TIMES)
        needs = draw(st.lists(st.sampled_from([*names, "unknown"]), unique=True))
        steps.append(line(name, " ".join(needs), start, end))
    return steps


@given(runs())
def test_it_is_a_chain_of_needs_no_longer_than_the_wall(steps: list[StepLine]) -> None:
    links = critical_path(steps)
    known = {step.id: step for step in steps}
    ran = [step for step in steps if step.start is not None]
    wall = max((step.end or 0.0 for step in ran), default=0.0)
    assert bool(links) == bool(ran)
    assert len({link.step for link in links}) == len(links)
    for before, after in itertools.pairwise(links):
        assert before.step in known[after.step].needs
        assert after.start >= before.start + before.seconds - 1e-6
    assert all(link.seconds >= 0 and link.waited >= 0 for link in links)
    assert sum(link.seconds + link.waited for link in links) <= wall * (1 + 1e-9) + 1e-6

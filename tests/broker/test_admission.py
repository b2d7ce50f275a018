from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wheelforge.broker import FETCHES_AT_ONCE, JobBroker, Lease, Wish

FETCH = Wish(jobs=0, memory_per_job=0)
GIB = 1 << 30


def build(jobs: int = 48, work: float = 1.0, memory: int = 1) -> Wish:
    return Wish(jobs=jobs, memory_per_job=memory, work=work)


def shares(jobs: int, *wishes: Wish, memory: int = 1 << 40) -> list[int]:
    """The jobs each of some steps gets that are ready together, in order of priority; 0: waits."""
    broker = JobBroker(jobs=jobs, memory=memory)
    leases = [broker.admit(wish, wishes[number + 1 :]) for number, wish in enumerate(wishes)]
    return [lease.jobs if lease else 0 for lease in leases]


@pytest.mark.parametrize(
    ("jobs", "wishes", "expected"),
    [
        (48, [build()], [48]),
        (48, [build(), build()], [24, 24]),
        (48, [build(work=3), build(work=1)], [36, 12]),
        (48, [build(work=1000), build(work=1)], [47, 1]),  # the short one is not kept waiting
        (48, [build(work=1), build(work=1000)], [1, 47]),
        (48, [build(work=1), build(jobs=1, work=1000)], [47, 1]),  # it cannot use more than one
        (48, [build(jobs=4), build()], [4, 44]),
        (2, [build(), build()], [1, 1]),
        (2, [build(work=100), build(work=1)], [1, 1]),
        (1, [build(), build()], [1, 0]),
        (4, [build(), FETCH, FETCH], [4, 0, 0]),
        (3, [build(work=0), build(work=0)], [1, 2]),
        (48, [build() for _ in range(100)], [1] * 48 + [0] * 52),
    ],
)
def test_jobs_are_shared_by_work(jobs: int, wishes: list[Wish], expected: list[int]) -> None:
    assert shares(jobs, *wishes) == expected


def test_memory_limits_the_jobs() -> None:
    assert shares(48, build(memory=GIB), memory=10 * GIB) == [10]
    assert shares(48, build(jobs=24, memory=GIB), build(memory=GIB), memory=30 * GIB) == [24, 6]


def test_the_first_runs_with_one_job_however_large_and_alone() -> None:
    broker = JobBroker(jobs=8, memory=GIB)
    huge = build(memory=100 * GIB)
    first = broker.admit(huge, ())
    assert first == Lease(jobs=1, memory=100 * GIB)
    assert broker.admit(huge, ()) is None
    assert broker.admit(build(memory=1), ()) is None
    assert broker.admit(build(memory=0), ()) is None
    broker.release(first)
    assert broker.admit(build(memory=GIB // 8), ()) == Lease(jobs=8, memory=GIB)


def test_fetches_have_a_limit_of_their_own() -> None:
    broker = JobBroker(jobs=1, memory=0)
    assert broker.admit(build(), ())
    leases = [broker.admit(FETCH, ()) for _ in range(FETCHES_AT_ONCE)]
    assert leases == [Lease(jobs=0, memory=0)] * FETCHES_AT_ONCE
    assert broker.admit(FETCH, ()) is None
    broker.release(Lease(jobs=0, memory=0))
    assert broker.admit(FETCH, ()) is not None


@dataclass
class Books:
    """What is leased out of one machine."""

    jobs: int
    memory: int
    held: list[Lease] = field(default_factory=list)

    def check(self) -> None:
        builds = [lease for lease in self.held if lease.jobs]
        assert sum(lease.jobs for lease in builds) <= self.jobs
        assert len(builds) <= 1 or sum(lease.memory for lease in builds) <= self.memory
        assert len(self.held) - len(builds) <= FETCHES_AT_ONCE


wishes = st.builds(
    Wish,
    jobs=st.integers(0, 64),
    memory_per_job=st.integers(0, 40),
    work=st.floats(0, 1e6, allow_nan=False),
)


@settings(deadline=None)
@given(
    st.integers(1, 64),
    st.integers(0, 100),
    st.lists(st.tuples(wishes, st.booleans(), st.lists(wishes, max_size=4)), max_size=40),
)
def test_nothing_is_ever_granted_twice(
    jobs: int, memory: int, steps: list[tuple[Wish, bool, list[Wish]]]
) -> None:
    broker, books = JobBroker(jobs=jobs, memory=memory), Books(jobs, memory)
    for wish, release, others in steps:
        if release and books.held:
            broker.release(books.held.pop(0))
        running = any(lease.jobs for lease in books.held)
        lease = broker.admit(wish, others)
        if lease:
            assert lease.jobs <= wish.jobs
            books.held.append(lease)
        elif wish.jobs:
            assert running, "alone, a step always runs"
        books.check()
    while books.held:
        broker.release(books.held.pop())
    whole = broker.admit(Wish(jobs=jobs, memory_per_job=0), ())
    assert whole == Lease(jobs=jobs, memory=0)

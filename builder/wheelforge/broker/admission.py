"""Admission of steps, and the broker for machines without a host compiler, and so without gates.

It gives each build a share of the jobs when it starts, by the work it has against the work of what
else could start, and the build keeps it; memory enters through the recipe's estimate per job.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

FETCHES_AT_ONCE = 4


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a step would like: `jobs` at most (0: none, it waits for the network), bytes per job.

    `work` is how long it takes, in any unit that all wishes of a run share; `priority` the seconds
    from its start to the end of the run; `builds` is False for what compiles nothing.
    """

    jobs: int
    memory_per_job: int
    work: float = 1.0
    step: str = ""
    priority: float = 0.0
    builds: bool = True


@dataclass(frozen=True, kw_only=True)
class Lease:
    """What it got. `jobs` is 0 for steps that only fetch."""

    jobs: int
    memory: int
    step: str = ""


class Broker(Protocol):
    """Grants leases and takes them back; never blocks."""

    def admit(self, wish: Wish, others: Sequence[Wish]) -> Lease | None:
        """A lease now, or None; `others` are the wishes of what could start as well."""

    def release(self, lease: Lease) -> None:
        """Give a lease back."""


class JobBroker:
    """Shares a fixed number of jobs and bytes of memory. One step always runs, however large."""

    def __init__(self, *, jobs: int, memory: int) -> None:
        self.jobs = jobs
        self.memory = memory
        self._free_jobs = jobs
        self._free_memory = memory
        self._running = 0
        self._fetching = 0

    def admit(self, wish: Wish, others: Sequence[Wish]) -> Lease | None:
        if wish.jobs == 0:
            if self._fetching >= FETCHES_AT_ONCE:
                return None
            self._fetching += 1
            return Lease(jobs=0, memory=0)
        if self._free_jobs < 1 or self._free_memory < 0:  # too large a step runs alone
            return None
        jobs = min(self._share(wish, others), wish.jobs)
        if wish.memory_per_job:
            jobs = min(jobs, self._free_memory // wish.memory_per_job)
        if jobs < 1:
            if self._running:
                return None
            jobs = 1  # alone if need be: progress is guaranteed
        lease = Lease(jobs=jobs, memory=jobs * wish.memory_per_job)
        self._free_jobs -= lease.jobs
        self._free_memory -= lease.memory
        self._running += 1
        return lease

    def _share(self, wish: Wish, others: Sequence[Wish]) -> int:
        """The free jobs by work, but one for each of the others, and what they cannot use."""
        builds = [other for other in others if other.jobs]
        work = sum(other.work for other in builds)
        share = round(self._free_jobs * wish.work / max(wish.work + work, 1e-9))
        unused = self._free_jobs - sum(other.jobs for other in builds)
        return max(1, unused, min(share, self._free_jobs - len(builds)))

    def release(self, lease: Lease) -> None:
        if lease.jobs == 0:
            self._fetching -= 1
            return
        self._free_jobs += lease.jobs
        self._free_memory += lease.memory
        self._running -= 1

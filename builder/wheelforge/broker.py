"""Admission: which step may start now, and with how many jobs.

This is the seam where one machine-wide budget of jobs and memory is shared. Here each build is
given a share of the jobs when it starts; memory enters through the recipe's estimate per job.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

FETCHES_AT_ONCE = 4


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a step would like: `jobs` at most (0: none, it waits for the network), bytes per job."""

    jobs: int
    memory_per_job: int


@dataclass(frozen=True, kw_only=True)
class Lease:
    """What it got. `jobs` is 0 for steps that only fetch."""

    jobs: int
    memory: int


class Broker(Protocol):
    """Grants leases and takes them back; never blocks."""

    def admit(self, wish: Wish, waiting: int) -> Lease | None:
        """A lease now, or None; `waiting` is how many other steps could start as well."""

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

    def admit(self, wish: Wish, waiting: int) -> Lease | None:
        if wish.jobs == 0:
            if self._fetching >= FETCHES_AT_ONCE:
                return None
            self._fetching += 1
            return Lease(jobs=0, memory=0)
        if self._free_jobs < 1:
            return None
        share = max(1, min(wish.jobs, self._free_jobs // (1 + waiting) or 1))
        affordable = self._free_memory // max(1, wish.memory_per_job)
        jobs = min(share, affordable)
        if jobs < 1:
            if self._running:
                return None
            jobs = 1  # alone if need be: progress is guaranteed
        lease = Lease(jobs=jobs, memory=jobs * wish.memory_per_job)
        self._free_jobs -= lease.jobs
        self._free_memory -= lease.memory
        self._running += 1
        return lease

    def release(self, lease: Lease) -> None:
        if lease.jobs == 0:
            self._fetching -= 1
            return
        self._free_jobs += lease.jobs
        self._free_memory += lease.memory
        self._running -= 1

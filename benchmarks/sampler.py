"""Watches from a process of its own: how many compilers run at the same moment, how busy cores are.

Counted are cc1, cc1plus, f951, as and ld whose environment carries a given variable, and which
are neither stopped nor ended. A count is one of processes that were all there at one instant: each
is looked at a second time after the last was found.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

PERIOD = 0.02  # seconds
_WINDOW = 0.2  # seconds: twenty of the kernel's ticks
_YOUNG = 0.3  # seconds in which a process may still become a compiler
_BUSY = 0.9  # of a window
_PROGRAMS = {"cc1", "cc1plus", "f951", "as", "ld", "ld.bfd", "ld.gold", "ld.lld", "lto1"}
_AWAY = "TtZXx"  # states: stopped, traced, ended


class Sample(NamedTuple):
    """One look: compilers running, sources begun and being compiled, ticks (idle, all) by core."""

    at: float
    running: int
    begun: int
    compiling: int
    ticks: tuple[tuple[int, int], ...]


@dataclass
class Watched:
    """All samples of a run; complete when `watching` has ended."""

    samples: list[Sample] = field(default_factory=list)

    @property
    def most(self) -> int:
        """The most compilers at one moment."""
        return max((sample.running for sample in self.samples), default=0)

    def over(self, jobs: int) -> int:
        """In how many samples there were more than `jobs`."""
        return sum(sample.running > jobs for sample in self.samples)

    def all_busy(self, jobs: int, units: int) -> float:
        """The share of time in which no core was idle, while there was work for every one.

        From the first compile until fewer than `jobs` of the `units` sources are unfinished.
        """
        part = [
            sample
            for sample in self.samples
            if sample.begun and units - (sample.begun - sample.compiling) >= jobs
        ]
        windows = list(pairwise(_thinned(part)))
        return sum(_busy(*window) for window in windows) / max(1, len(windows))


@contextmanager
def watching(mark: str, sources: Sequence[str]) -> Iterator[Watched]:
    """Watch processes whose environment has a variable that begins with `mark`.

    `sources` are the names of files whose compiles count as units.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_watch, args=(theirs, mark.encode(), frozenset(sources)))
    process.start()
    watched = Watched()
    try:
        yield watched
    finally:
        ours.send(None)
        watched.samples += ours.recv()
        process.join()


def _watch(control: Connection, mark: bytes, sources: frozenset[str]) -> None:
    eye = _Eye(mark, sources)
    samples = []
    while not control.poll():
        started = time.monotonic()
        samples.append(eye.look())
        time.sleep(max(0.0, PERIOD - (time.monotonic() - started)))
    control.send(samples)


class _Eye:
    """Remembers which processes it need not look at again."""

    def __init__(self, mark: bytes, sources: frozenset[str]) -> None:
        self._mark = mark
        self._sources = sources
        self._first: dict[str, float] = {}
        self._ours: dict[tuple[str, str], str | None] = {}
        self._begun: set[str] = set()

    def look(self) -> Sample:
        now = time.monotonic()
        names = [name for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
        self._first = {name: self._first.get(name, now) for name in names}
        self._ours = {key: unit for key, unit in self._ours.items() if key[0] in self._first}
        known = {key[0] for key in self._ours}
        young = [name for name in names if now - self._first[name] < _YOUNG or name in known]
        found = {key for name in young if (key := self._compiler(name, new=True))}
        running = {key for key in found if self._compiler(key[0], new=False) == key}
        units = {unit for key in running if (unit := self._ours[key])}
        self._begun |= units
        return Sample(now, len(running), len(self._begun), len(units), _ticks())

    def _compiler(self, name: str, *, new: bool) -> tuple[str, str] | None:
        """The process's number and start if it is a compiler of ours that runs."""
        try:
            head, _, tail = Path("/proc", name, "stat").read_text().rpartition(")")
        except OSError:
            return None
        words = tail.split()
        key = (name, words[19])
        if head.partition("(")[2] not in _PROGRAMS or words[0] in _AWAY:
            return None
        if key not in self._ours and not (new and self._recognize(key)):
            return None
        return key

    def _recognize(self, key: tuple[str, str]) -> bool:
        folder = Path("/proc", key[0])
        with suppress(OSError):
            environment = (folder / "environ").read_bytes().split(b"\0")
            if any(item.startswith(self._mark) for item in environment):
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                names = (word.rpartition("/")[2] for word in words)
                self._ours[key] = next((name for name in names if name in self._sources), None)
                return True
        return False


def _ticks() -> tuple[tuple[int, int], ...]:
    """Idle and all ticks of every core this process may use."""
    found = []
    for line in Path("/proc/stat").read_text().splitlines():
        name, *words = line.split()
        if name[:3] == "cpu" and name[3:].isdigit() and int(name[3:]) in os.sched_getaffinity(0):
            ticks = list(map(int, words[:8]))
            found.append((ticks[3] + ticks[4], sum(ticks)))
    return tuple(found)


def _thinned(samples: Sequence[Sample]) -> Iterator[Sample]:
    last = -_WINDOW
    for sample in samples:
        if sample.at - last >= _WINDOW:
            last = sample.at
            yield sample


def _busy(first: Sample, second: Sample) -> bool:
    return all(
        (new[0] - old[0]) <= (1 - _BUSY) * max(1, new[1] - old[1])
        for old, new in zip(first.ticks, second.ticks, strict=True)
    )

"""kill -9 of scons half way, and the same command again: about four minutes with all defaults.

    python benchmarks/resume.py [--rounds 3] [--sources 16] [--jobs 2]

scons forgets what it had compiled when it is killed. Three ways to build the same generated tree:
scons by hand, scons by hand with ccache before the compiler (left out where there is none), and
wheelforge, which keeps a second link to every object (broker/journal.py). Each first builds
undisturbed, with everything it knows removed before; then anew until half of the objects are there,
when scons is killed; then, once the compilers that were running have ended, the same is told again.
Compiles are counted by the compiler itself. Where more than one is begun for a source it was
compiled again; a source that was in flight at the kill counts, too, as its compile was in vain.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

import noise
import trees
from by_hand import Hand, busy
from counting import Count, set_up
from forge import MARK, Forge, carrying
from tables import ratio, row
from trees import Tree
from wheelforge.graph import BuildStep
from yard import Yard

_WIDTHS = (-24, 8, 12, 14, 14, 9, 7, 11)
_HEAD = (
    "", "sources", "finished", "compiled again", "undisturbed", "rerun", "ratio", "processors",
)  # fmt: skip
_POLL = 0.02  # seconds
_HALF = 0.5
Running = subprocess.Popen[Any]


@dataclass(frozen=True)
class Way:
    """One way to build: how it begins anew and is told to build, and what to kill then.

    `objects` is a pattern below `root`; every process of it carries `mark` in its environment.
    """

    name: str
    fresh: Callable[[], None]
    start: Callable[[], Running]
    victim: Callable[[Running], int | None]
    root: Path
    objects: str
    mark: str

    def made(self) -> int:
        """How many objects there are."""
        return len(list(self.root.glob(self.objects)))


@dataclass(frozen=True)
class Round:
    """Objects before the kill, compiles in vain, and both builds by the clock and processors."""

    finished: int
    again: int
    undisturbed: tuple[float, float]
    rerun: tuple[float, float]


def by_hand(name: str, step: BuildStep, root: Path, jobs: int, compiler: str = "") -> Way:
    """The plan's command; `compiler` is what stands before the compiler's own name."""
    cache, mark = root / "ccache", f"BENCHMARK={root}"
    env = {**step.env, "CCACHE_DIR": str(cache)}
    env |= {name: f"{compiler}{step.env[name]}" for name in ("CC", "CXX")}
    hand = Hand(msgspec.structs.replace(step, env=env), root / "work")

    def fresh() -> None:
        shutil.rmtree(cache, ignore_errors=True)
        hand.lay_out()

    def start() -> Running:
        return hand.start(step.commands[0], jobs, extra=mark)

    return Way(name, fresh, start, lambda running: running.pid, root, "work/src/build/*.os", mark)


def with_wheelforge(yard: Yard) -> Way:
    """`wheelforge build`."""
    home = yard.forge.home
    find = yard.finder("tool", random.Random(1))  # noqa: S311 - there is one
    objects = "work/*/src/build/*.os"
    return Way("wheelforge", yard.fresh, yard.start, find, home, objects, f"{MARK}={home}")


def ways(tree: Tree, root: Path, count: Count, jobs: int) -> Iterator[Way]:
    """Those there are on this machine."""
    forge = Forge(root / "forge", ("--toolchain", count.toolchain))
    recipe = tree.recipe(forge.recipes, "scons")
    step = forge.step(recipe)
    yield by_hand("scons", step, root / "plain", jobs)
    if ccache := shutil.which("ccache"):
        yield by_hand("scons with ccache", step, root / "cached", jobs, f"{ccache} ")
    else:
        print("there is no ccache here: scons with it is left out")
    yield with_wheelforge(Yard(forge, recipe, "scons", frozenset(_sources(tree)), count, jobs))


def measure(way: Way, count: Count, sources: Sequence[str]) -> Round:
    """Build undisturbed, then anew with a kill, then to the end."""
    undisturbed = _whole(way, count)
    if (counted := count.compiles(sources)) != dict.fromkeys(sources, 1):
        raise SystemExit(f"{way.name}, undisturbed: not each source once: {counted}")
    _anew(way, count)
    finished = _killed(way, len(sources))
    rerun = _timed(way)
    again = sum(times - 1 for times in count.compiles(sources).values())
    return Round(finished, again, undisturbed, rerun)


def _whole(way: Way, count: Count) -> tuple[float, float]:
    _anew(way, count)
    return _timed(way)


def _anew(way: Way, count: Count) -> None:
    way.fresh()
    count.clear()


def _timed(way: Way) -> tuple[float, float]:
    started, before = time.monotonic(), busy()
    if code := way.start().wait():
        raise SystemExit(f"{way.name} ended with code {code}")
    return time.monotonic() - started, busy() - before


def _killed(way: Way, sources: int) -> int:
    """Start, kill when half of the objects are there, and wait until nothing of it runs."""
    running = way.start()
    while (made := way.made()) < _HALF * sources:
        if running.poll() is not None:
            raise SystemExit(f"{way.name} ended before half of it was there")
        time.sleep(_POLL)
    victim = way.victim(running)
    if victim is None:
        raise SystemExit(f"{way.name}: there is no scons to kill")
    with suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    if not running.wait():
        raise SystemExit(f"{way.name} succeeded although its scons was killed")
    while list(carrying(way.mark)):
        time.sleep(_POLL)
    return made


def _sources(tree: Tree) -> tuple[str, ...]:
    return tuple(f"{unit}.cpp" for unit in tree.units)


def report(way: Way, rounds: Sequence[Round], sources: int) -> None:
    """One line: counts of every round, medians of seconds, and the ratios of those."""
    alone, after = (
        [statistics.median(column) for column in zip(*pairs, strict=True)]
        for pairs in ([one.undisturbed for one in rounds], [one.rerun for one in rounds])
    )
    counts = (
        ", ".join(str(one.finished) for one in rounds), ", ".join(str(one.again) for one in rounds),
    )  # fmt: skip
    seconds = (f"{alone[0]:.1f} s", f"{after[0]:.1f} s")
    row(_WIDTHS, way.name, sources, *counts, *seconds, *map(ratio, after, alone))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sources", type=int, default=16)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    with noise.told(), tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        peaks = trees.even(asked.sources, 0.1, 0.18)
        tree = trees.plant(root / "tree", "small", peaks, trees.calibrate())
        count = set_up(root / "counting")
        known = list(ways(tree, root, count, asked.jobs))
        rounds: list[list[Round]] = [[] for _ in known]
        for _ in range(asked.rounds):
            for way, done in zip(known, rounds, strict=True):
                done.append(measure(way, count, _sources(tree)))
        row(_WIDTHS, *_HEAD)
        for way, done in zip(known, rounds, strict=True):
            report(way, done, asked.sources)


if __name__ == "__main__":
    main()

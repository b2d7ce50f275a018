"""kill -9 at random moments, and the same command again: about half an hour with all defaults.

    python benchmarks/kills.py [--runs 20] [--tools scons,ninja,make] [--victims …] [--seed 1]

Victims are wheelforge itself, the build tool of the step, and a compiler. Afterwards the command is
given again until it succeeds. Then the library's files have to be those of an undisturbed build,
byte for byte; no more sources may have been compiled twice than were in flight (compiles are
counted by the compiler itself); and no process of a step and no held lock may be left. Ends with
code 1 where one of these does not hold. Whether the first command succeeds although a compiler was
killed is reported only.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import trees
from counting import set_up
from forge import Forge
from tables import row
from yard import Find, Yard

_WIDTHS = (-6, -11, 5, 7, 10, 16, 9, 9, 6)
_HEAD = (
    "tool", "victim", "runs", "missed", "identical", "most done twice", "first try", "orphans",
    "locks",
)  # fmt: skip
VICTIMS = ("wheelforge", "tool", "compiler")
_PATIENCE = 5  # commands until the build is given up


@dataclass(frozen=True)
class Ran:
    """What came of one kill."""

    identical: bool
    twice: int
    first: bool
    orphans: int
    locks: int


def disturbed(yard: Yard, moment: float, find: Find, wanted: dict[str, str]) -> Ran | None:
    """Kill a process after `moment` seconds, repeat; None where there was none to kill."""
    yard.fresh()
    running = yard.start()
    victim = None
    try:
        running.wait(moment)
    except subprocess.TimeoutExpired:
        while victim is None and running.poll() is None:
            victim = find(running)
            time.sleep(0.005)  # looking is work that the build would get
    if victim is None:
        return None
    with suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    codes = [running.wait()]
    while codes[-1] and len(codes) < _PATIENCE:
        codes.append(yard.start().wait())
    identical = codes[-1] == 0 and yard.files() == wanted
    return Ran(identical, yard.twice(), codes[0] == 0, yard.orphans(), yard.held_locks())


def undisturbed(yard: Yard) -> tuple[float, dict[str, str]]:
    """Seconds and files of a build that nobody disturbs; each source has to be compiled once."""
    yard.fresh()
    started = time.monotonic()
    ran = yard.forge.build(yard.recipe, "--jobs", str(yard.jobs))
    seconds = time.monotonic() - started
    counted = yard.count.compiles(yard.sources)
    if ran.code or set(counted) != yard.sources or yard.twice():
        raise SystemExit(f"the undisturbed build did not do as expected: {counted}\n{ran.text}")
    return seconds, yard.files()


def measure(yard: Yard, victim: str, options: argparse.Namespace) -> bool:
    """Print one line of the table; whether all holds that has to hold."""
    choice = random.Random(f"{options.seed} {yard.tool} {victim}")  # noqa: S311
    seconds, wanted = undisturbed(yard)
    find = yard.finder(victim, choice)
    ran: list[Ran] = []
    missed = 0
    while len(ran) < options.runs and missed < options.runs:
        one = disturbed(yard, choice.uniform(0.03, 0.97) * seconds, find, wanted)
        if one is None:
            missed += 1
        else:
            ran.append(one)
    identical = sum(one.identical for one in ran)
    twice = max((one.twice for one in ran), default=0)
    first = sum(one.first for one in ran)
    orphans, locks = sum(one.orphans for one in ran), sum(one.locks for one in ran)
    cells = (f"{identical} of {len(ran)}", f"{twice} ({yard.jobs} jobs)", first, orphans, locks)
    row(_WIDTHS, yard.tool, victim, len(ran), missed, *cells)
    return bool(ran) and identical == len(ran) and twice <= yard.jobs and not orphans + locks


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=20, help="for each tool and victim")
    parser.add_argument("--tools", default="scons,ninja,make")
    parser.add_argument("--victims", default=",".join(VICTIMS))
    parser.add_argument("--sources", type=int, default=24)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        peaks = trees.even(asked.sources, 0.1, 0.18, asked.seed)
        tree = trees.plant(root / "tree", "small", peaks, trees.calibrate())
        count = set_up(root / "counting")
        sources = frozenset(f"{unit}.cpp" for unit in tree.units)
        row(_WIDTHS, *_HEAD)
        good = []
        for tool in asked.tools.split(","):
            forge = Forge(root / tool, ("--toolchain", count.toolchain))
            recipe = tree.recipe(forge.recipes, tool)
            yard = Yard(forge, recipe, tool, sources, count, asked.jobs)
            good += [measure(yard, victim, asked) for victim in asked.victims.split(",")]
    print("all as it has to be" if all(good) else "NOT as it has to be")
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()

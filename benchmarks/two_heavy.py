"""Two large builds at once and what needs both: about two and a half minutes.

    python benchmarks/two_heavy.py [--sources 60] [--jobs 2]

`wheelforge build` of a scons tree, a CMake tree (Ninja) and a small library that needs both,
watched every 20 ms: the most compilers that ran at one moment against the budget, and the share of
time in which all cores were busy, until fewer sources are left than jobs. Then the same steps by
hand, one after the other, with that many jobs each. What else runs on the machine counts as busy.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import noise
import trees
from by_hand import Hand
from forge import MARK, Forge
from sampler import Watched, watching
from tables import ratio, row
from wheelforge.graph import BuildStep

_WIDTHS = (-26, 9, 7, 15, 15, 15)


@dataclass(frozen=True)
class Pair:
    """The recipes, in a forge, and the names of all sources."""

    forge: Forge
    recipe: str
    sources: tuple[str, ...]


def plant(root: Path, options: argparse.Namespace) -> Pair:
    """Write the trees and their recipes."""
    scale = trees.calibrate()
    forge = Forge(root / "forge")
    planted, recipes = [], []
    for seed, (name, tool) in enumerate((("left", "scons"), ("right", "ninja")), 1):
        peaks = trees.even(options.sources, options.low, options.high, seed)
        planted.append(trees.plant(root / name, name, peaks, scale))
        recipes.append(planted[-1].recipe(forge.recipes, tool))
    planted.append(trees.plant(root / "both", "both", [0], scale))
    recipe = planted[-1].recipe(forge.recipes, "make", depends=" ".join(recipes))
    return Pair(forge, recipe, tuple(f"{unit}.cpp" for tree in planted for unit in tree.units))


def by_hand(pair: Pair, root: Path, jobs: int) -> tuple[float, Watched]:
    """Every build step of the plan, one after the other."""
    plan = Forge(root / "plan", ("--recipes", str(pair.forge.recipes))).plan(pair.recipe)
    prefixes: dict[str, Path] = {}
    seconds = 0.0
    mark = f"BENCHMARK={root}"
    with watching(mark, pair.sources) as watched:
        for step in plan.steps:
            if isinstance(step, BuildStep):
                hand = Hand(step, root / "hand" / step.name, libraries=dict(prefixes))
                done = hand.run(jobs, extra=mark)
                if done.problem:
                    raise SystemExit(f"by hand, {step.id}: {done.problem}")
                seconds += done.total
                prefixes[step.name] = hand.prefix
    return seconds, watched


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sources", type=int, default=60, help="in each of the two trees")
    parser.add_argument("--low", type=float, default=0.2, help="GiB of the smallest compile")
    parser.add_argument("--high", type=float, default=0.45, help="GiB of the largest")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    with noise.told(), tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        pair = plant(root, asked)
        with watching(f"{MARK}={pair.forge.home}", pair.sources) as watched:
            ran = pair.forge.build(pair.recipe, "--jobs", str(asked.jobs))
        if ran.code:
            raise SystemExit(ran.text)
        row(_WIDTHS, "", "wall", "x first", "most compilers", "samples over", "all cores busy")
        report("wheelforge", ran.seconds, 0, watched, pair, asked.jobs)
        seconds, watched = by_hand(pair, root, asked.jobs)
        report("by hand, one by one", seconds, ran.seconds, watched, pair, asked.jobs)


def report(
    what: str, seconds: float, other: float, watched: Watched, pair: Pair, jobs: int
) -> None:
    """One line; it has to have seen every source, or the figures mean nothing."""
    begun = watched.samples[-1].begun
    if begun != len(pair.sources):
        print(f"warning: {begun} of {len(pair.sources)} sources were seen being compiled")
    most = f"{watched.most} of {jobs}"
    over = f"{watched.over(jobs)} of {len(watched.samples)}"
    busy = f"{watched.all_busy(jobs, len(pair.sources)):.0%}"
    row(_WIDTHS, what, f"{seconds:.1f} s", ratio(seconds, other), most, over, busy)


if __name__ == "__main__":
    main()

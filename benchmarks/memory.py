"""Fixed -jN against wheelforge where memory is short: about 20 minutes, as root.

    python benchmarks/memory.py [--caps 2,3,4] [--tools ninja,make,scons] [--sources 16] …

Builds one generated tree in a fresh memory cgroup for every run. By hand: the commands of the plan
with a fixed number of jobs, N = 1, 2, …; a run counts as killed as soon as the kernel kills one of
its processes. With wheelforge: once when nothing is known, and once more with what that taught it,
after an option of the recipe has changed, so that every source is compiled again in another work
folder. wheelforge itself runs inside the cgroup and is told nothing about it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import noise
import trees
from by_hand import Hand
from cgroup import limited
from forge import Forge
from tables import ratio, row

_WIDTHS = (-5, -6, -28, 9, 7, 10, -1)


@dataclass(frozen=True)
class Case:
    """One limit, one build tool, one tree, in a folder of its own."""

    cap: float
    tool: str
    tree: trees.Tree
    root: Path

    @property
    def limit(self) -> int:
        return int(self.cap * trees.GIB)

    def print(self, what: str, seconds: float, best: float, kills: int, note: str) -> None:
        """One line of the table."""
        cells = (f"{seconds:.1f} s", ratio(seconds, best), kills, note)
        row(_WIDTHS, f"{self.cap:g}", self.tool, what, *cells)


@dataclass(frozen=True)
class Outcome:
    """What the summary needs: the best -jN (0: none survived), and wheelforge's two runs."""

    case: Case
    best: tuple[int, float]
    forge: tuple[float, ...]
    kills: int
    failed: int


def by_hand(case: Case, options: argparse.Namespace) -> tuple[int, float]:
    """The best number of jobs and its seconds; larger ones are not tried after some died."""
    forge = Forge(case.root / "plan")
    recipe = case.tree.recipe(forge.recipes, case.tool)
    hand = Hand(forge.step(recipe), case.root / "hand")
    survived: dict[int, float] = {}
    died = 0
    for jobs in range(1, options.jobs_upto + 1):
        with limited(case.limit) as group:
            done = hand.run(jobs, group)
            note = done.problem or f"ok, {group.peak() / trees.GIB:.1f} GiB at most"
            case.print(f"by hand, -j{jobs}", done.total, 0, group.kills(), note)
        if not done.problem:
            survived[jobs] = done.total
        died += bool(done.problem)
        if options.stop_after and died >= options.stop_after:
            break
    best = min(survived, key=lambda jobs: survived[jobs], default=0)
    return best, survived.get(best, 0.0)


def with_wheelforge(
    case: Case, best: float, options: argparse.Namespace
) -> Iterator[tuple[float, int, int]]:
    """Seconds (0: it failed), the kernel's kills and the exit code, for both runs."""
    forge = Forge(case.root / "forge")
    words = ["--jobs", str(options.jobs)]
    if options.memory:
        words += ["--memory", options.memory]
    for edition, what in enumerate(("nothing known", "learned"), 1):
        recipe = case.tree.recipe(forge.recipes, case.tool, edition=edition)
        with limited(case.limit) as group:
            ran = forge.build(recipe, *words, group=group)
            kills = group.kills()
            note = f"ok, {group.peak() / trees.GIB:.1f} GiB at most"
        note = f"build failed: {ran.why}" if ran.code else note
        actions = Counter(
            event["action"] for event in forge.events() if event["event"] == "memory-pressure"
        )
        note += "".join(f", {action} {count} x" for action, count in sorted(actions.items()))
        case.print(f"wheelforge, {what}", ran.seconds, best, kills, note)
        yield (0.0 if ran.code else ran.seconds), kills, ran.code


def measure(case: Case, options: argparse.Namespace) -> Outcome:
    """Everything for one limit and one tool."""
    best = by_hand(case, options)
    runs = list(with_wheelforge(case, best[1], options))
    return Outcome(
        case, best, tuple(run[0] for run in runs), sum(run[1] for run in runs),
        sum(bool(run[2]) for run in runs),
    )  # fmt: skip


def summary(outcomes: list[Outcome]) -> None:
    """One line for each limit and tool."""
    widths = (-5, -6, 14, 16, 16, 10, 14)
    print()
    head = ("nothing known", "learned", "oom kills", "builds failed")
    row(widths, "GiB", "tool", "best by hand", *head)
    for item in outcomes:
        jobs, seconds = item.best
        best = f"-j{jobs} {seconds:.1f} s" if jobs else "none survived"
        runs = [f"{run:.1f} s ({ratio(run, seconds)})" if run else "failed" for run in item.forge]
        cells = (best, *runs, item.kills, f"{item.failed} of {len(runs)}")
        row(widths, f"{item.case.cap:g}", item.case.tool, *cells)


def options() -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--caps", default="2,3,4", help="GiB, separated by commas")
    parser.add_argument("--tools", default=",".join(trees.TOOLS))
    parser.add_argument("--jobs-upto", type=int, default=8, help="the largest N tried by hand")
    parser.add_argument("--stop-after", type=int, default=2, help="dead N before the rest is left")
    parser.add_argument("--sources", type=int, default=16)
    parser.add_argument("--largest", type=float, default=1.5, help="GiB of the largest compile")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=0, help="wheelforge's --jobs")
    parser.add_argument("--memory", default="", help="wheelforge's --memory; else it looks itself")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    asked = options()
    with noise.told(), tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        peaks = trees.spread(asked.sources, asked.seed, asked.largest)
        tree = trees.plant(root / "tree", "deep", peaks, trees.calibrate())
        held = f"{sum(peaks) / trees.GIB:.1f} GiB together, the largest {asked.largest:g}"
        print(f"{asked.sources} sources whose compiles hold {held}")
        row(_WIDTHS, "GiB", "tool", "", "wall", "x best", "oom kills", "")
        outcomes = []
        for cap in map(float, asked.caps.split(",")):
            for tool in asked.tools.split(","):
                case = Case(cap, tool, tree, root / f"{tool}-{cap:g}")
                outcomes.append(measure(case, asked))
        summary(outcomes)


if __name__ == "__main__":
    main()

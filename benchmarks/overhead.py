"""What wheelforge adds to a large build: OpenBLAS with it and by hand, ten minutes altogether.

    wheelforge fetch openblas --overlay debian          # once: sources come from this cache
    python benchmarks/overhead.py [--small] [--jobs 2] [--rounds 1]

By hand are the commands of `wheelforge plan openblas --overlay debian`: the same cmake, generator,
options and environment, in a fresh folder. wheelforge has a fresh home, with the sources that were
fetched. Prints the seconds of the build command alone and of all (unpack, patch, configure, build,
install; with wheelforge also planning, store and checks), and their ratios. `--small` leaves out
LAPACK and all but single precision: half a minute each.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import noise
from by_hand import Hand, busy, fetched
from forge import with_sources
from tables import ratio, row

_WIDTHS = (-30, 14, 14, 18)
_RECIPE, _LIBRARY = "openblas", "lib/libopenblas.so"
_SMALL = """\
[build.options]
BUILD_WITHOUT_LAPACK = true
BUILD_SINGLE = true
BUILD_DOUBLE = false
BUILD_COMPLEX = false
BUILD_COMPLEX16 = false

[[checks]]
type = "file"
path = "include/openblas/cblas.h"
"""


@dataclass(frozen=True)
class Times:
    """Seconds of the build command and of everything, those of the processors in it, and a digest.

    The digest is that of the library that was made.
    """

    build: float
    whole: float
    busy: float
    library: str


def with_wheelforge(root: Path, more: Sequence[str], jobs: int) -> Times:
    """Build in a fresh home whose source cache is the user's own."""
    forge, before = with_sources(root, more), busy()
    ran = forge.build(_RECIPE, "--jobs", str(jobs))
    if ran.code:
        raise SystemExit(ran.text)
    (library,) = forge.home.glob(f"store/*-{_RECIPE}-*/{_LIBRARY}")
    seconds = forge.command_seconds(f"build:{_RECIPE}")["build"]
    return Times(seconds, ran.seconds, busy() - before, _digest(library))


def by_hand(root: Path, more: Sequence[str], jobs: int) -> Times:
    """The commands of the plan."""
    forge = with_sources(root, more)
    hand = Hand(forge.step(_RECIPE), root / "hand", fetched)
    before = busy()
    done = hand.run(jobs)
    if done.problem:
        logs = sorted(hand.work.glob("*.log"), key=lambda log: log.stat().st_mtime)
        raise SystemExit(f"by hand: {done.problem}\n{logs[-1].read_text()[-2000:]}")
    used = busy() - before
    return Times(done.seconds["build"], done.total, used, _digest(hand.prefix / _LIBRARY))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="a part of OpenBLAS")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=1, help="of both sides; medians are printed")
    asked = parser.parse_args()
    more = ["--overlay", "debian"]
    hand: list[Times] = []
    forge: list[Times] = []
    with noise.told(), tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        if asked.small:
            (root / "small").mkdir()
            (root / "small" / f"{_RECIPE}.toml").write_text(_SMALL)
            more += ["--overlay", str(root / "small")]
        for number in range(asked.rounds):
            sides = [(hand, by_hand), (forge, with_wheelforge)]
            if number % 2:
                sides.reverse()  # what runs second finds its files in memory
            for times, side in sides:
                folder = root / f"{side.__name__}-{number}"
                times.append(side(folder, more, asked.jobs))
                shutil.rmtree(folder)
    report(hand, forge)


def report(hand: Sequence[Times], forge: Sequence[Times]) -> None:
    """The table."""
    row(_WIDTHS, "", "build command", "whole", "processor time")
    medians = []
    for what, times in (("by hand", hand), ("wheelforge", forge)):
        build = statistics.median(one.build for one in times)
        whole = statistics.median(one.whole for one in times)
        busy = statistics.median(one.busy for one in times)
        row(_WIDTHS, what, *(f"{seconds:.1f} s" for seconds in (build, whole, busy)))
        medians.append((build, whole, busy))
    row(_WIDTHS, "wheelforge / by hand", *map(ratio, medians[1], medians[0]))
    same = len({one.library for one in (*hand, *forge)}) == 1
    print(f"the libraries are {'the same, byte for byte' if same else 'DIFFERENT'}")


if __name__ == "__main__":
    main()

"""Fuzzes what reads foreign data: `run.py [TARGET…] [--minutes M] [--parallel] [--keep]`.

Every target is tried in a process of its own, by atheris: it keeps inputs that go where none went
before, and changes those. Ends with 1 where anything was found. What was found is below FOLDER
(`.fuzz`), made as small as it goes; `--keep` copies findings, and what reaches most with the fewest
bytes, to tests/fuzz/corpus, where test_corpus.py tries it ever after.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "fuzz"), str(TESTS)]

from targets import NAMES, kept  # noqa: E402

_MOST_KEPT = 30_000  # bytes for each target, beside findings
_ENOUGH = 20  # findings of one target
_STATE = re.compile(r"^#(\d+)\s.*?cov: (\d+) ft: (\d+) ", re.MULTILINE)


class Round(NamedTuple):
    """What came of fuzzing one target."""

    target: str
    seconds: float
    executions: int
    edges: int
    features: int
    new: int
    findings: tuple[Path, ...]

    def __str__(self) -> str:
        told = (
            f"{self.target:7} {self.executions:>9,} executions in {self.seconds:.0f} s, "
            f"{self.edges} edges, {self.features} features, {self.new} new inputs, "
            f"{len(self.findings)} findings"
        )
        return "\n  ".join([told, *map(str, self.findings)])


def main() -> int:
    """Fuzz, and tell."""
    options = _options()
    work = partial(_fuzzed, options=options)
    with ThreadPoolExecutor(len(options.targets) if options.parallel else 1) as pool:
        rounds = []
        for found in pool.map(work, options.targets):
            print(found, flush=True)
            rounds.append(found)
    if options.keep:
        for item in rounds:
            argv = [sys.executable, str(TESTS / "fuzz" / "keeping.py"), item.target, options.work]
            subprocess.run([*argv, str(_MOST_KEPT)], check=True)
    if len(rounds) > 1:
        print("", *rounds, sep="\n")
    return 1 if any(item.findings for item in rounds) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])  # type: ignore[union-attr]
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(NAMES))
    parser.add_argument("--minutes", type=float, default=10.0, help="for each target")
    parser.add_argument("--parallel", action="store_true", help="all targets at once")
    parser.add_argument("--keep", action="store_true", help="add to tests/fuzz/corpus")
    parser.add_argument("--work", default=str(TESTS.parent / ".fuzz"), metavar="FOLDER")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(NAMES):
        parser.error(f"no such target: {', '.join(sorted(unknown))}; known: {', '.join(NAMES)}")
    options.targets = options.targets or list(NAMES)
    return options


def _fuzzed(name: str, options: argparse.Namespace) -> Round:
    work = Path(options.work, name)
    for folder in ("corpus", "findings"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    for path in kept(name):
        data = path.read_bytes()
        (work / "corpus" / hashlib.sha256(data).hexdigest()[:40]).write_bytes(data)
    before, begun, started = _count(work / "corpus"), time.time(), time.monotonic()
    end = started + 60 * options.minutes
    executions, edges, features = 0, 0, 0
    # once, unless an input ends the process: then the rest of the time is for others
    while (left := round(end - time.monotonic())) > 0 and len(_since(begun, work)) < _ENOUGH:
        states = _once(name, options.work, left)
        executions += states[0]
        edges, features = max(edges, states[1]), max(features, states[2])
    new = _count(work / "corpus") - before
    seconds = time.monotonic() - started
    return Round(name, seconds, executions, edges, features, new, _since(begun, work))


def _once(name: str, folder: str, seconds: int) -> tuple[int, int, int]:
    """One process; its executions, edges and features."""
    log = Path(folder, name, "log")
    argv = [sys.executable, str(TESTS / "fuzz" / "fuzzing.py"), name, folder, str(seconds)]
    with log.open("w") as out:
        ended = subprocess.run(argv, stdout=out, stderr=out, check=False)
    states = _STATE.findall(log.read_text(errors="replace"))
    if not states:
        sys.exit(f"error: {name} ended with {ended.returncode} before it began; see {log}")
    executions, edges, features = states[-1]
    return int(executions), int(edges), int(features)


def _since(moment: float, work: Path) -> tuple[Path, ...]:
    """The findings of this round, also those that an earlier one had."""
    found = (path for path in (work / "findings").iterdir() if path.suffix != ".txt")
    return tuple(sorted(path for path in found if path.stat().st_mtime >= moment))


def _count(folder: Path) -> int:
    return len(list(folder.iterdir()))


if __name__ == "__main__":
    sys.exit(main())

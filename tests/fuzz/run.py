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
_STATE = re.compile(r"^#(\d+)\s.*?cov: (\d+) ft: (\d+) corp: (\d+)", re.MULTILINE)


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
    corpus, findings = (Path(options.work, name, part) for part in ("corpus", "findings"))
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    for path in kept(name):
        (corpus / hashlib.sha256(path.read_bytes()).hexdigest()[:40]).write_bytes(path.read_bytes())
    before, seen = len(list(corpus.iterdir())), set(findings.iterdir())
    started = time.monotonic()
    end = started + 60 * options.minutes
    log, edges, features, executions = Path(options.work, name, "log"), 0, 0, 0
    with log.open("w") as out:
        while (left := int(end - time.monotonic())) > 0 and len(list(findings.iterdir())) < 20:
            argv = [
                sys.executable,
                str(TESTS / "fuzz" / "fuzzing.py"),
                name,
                options.work,
                str(left),
            ]
            start = out.tell()
            ended = subprocess.run(argv, stdout=out, stderr=out, check=False)
            out.seek(0, 2)
            states = _STATE.findall(log.read_text(errors="replace")[start:])
            executions += int(states[-1][0]) if states else 0
            edges, features = (int(text) for text in states[-1][1:3]) if states else (0, 0)
            if ended.returncode and not states:
                sys.exit(f"error: it does not start; see {log}")
    found = sorted(path for path in set(findings.iterdir()) - seen if path.suffix != ".txt")
    new = len(list(corpus.iterdir())) - before
    seconds = time.monotonic() - started
    return Round(name, seconds, executions, edges, features, new, tuple(found))


if __name__ == "__main__":
    sys.exit(main())

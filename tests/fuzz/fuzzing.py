"""One target under atheris, in a process of its own: `fuzzing.py TARGET FOLDER SECONDS`."""

from __future__ import annotations

import hashlib
import random
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "fuzz"), str(TESTS)]

# what is ours, and those readers of the library that decide for it
_INSTRUMENTED = ["wheelforge", "packaging", "zipfile", "tarfile", "html", "_markupbase", "email"]
with atheris.instrument_imports(include=_INSTRUMENTED, enable_loader_override=False):
    from targets import target

    TARGET = target(sys.argv[1])
    SEEDS = list(TARGET.seeds())
    for data in SEEDS:
        TARGET.check(data)  # what is imported late is instrumented too

from shrinking import fault, place, shrunk  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_INPUT = 1 << 16  # bytes
_MOST_MEMORY = 2 << 30  # bytes of addresses, beyond what an idle process has
_MOST_RESIDENT = 1500  # MiB
_MOST_PROCESSOR = 10  # seconds for one input
_MOST_WALL = 120  # seconds, where a busy machine lets ten of the processor take longer


class _Slow(Exception):  # noqa: N818
    pass


class _Trial:
    """Runs the check, and writes down what is found instead of ending at it."""

    def __init__(self, check: Callable[[bytes], None], findings: Path) -> None:
        self._check = check
        self._findings = findings
        self._known: set[str] = set()

    def __call__(self, data: bytes) -> None:
        """Try one input."""
        error = fault(self._timed, data)
        if error is None or (where := place(error)) in self._known:
            return
        self._known.add(where)
        told = "".join(traceback.format_exception(error))

        def still(shorter: bytes) -> bool:
            other = fault(self._timed, shorter)
            return other is not None and place(other) == where

        small = data if isinstance(error, _Slow) else shrunk(data, still)
        path = self._findings / f"found-{hashlib.sha256(where.encode()).hexdigest()[:10]}"
        path.write_bytes(small)
        path.with_suffix(".txt").write_text(told, errors="backslashreplace")
        print(f"FOUND {path}\n{told}", file=sys.stderr, flush=True)  # noqa: T201

    def _timed(self, data: bytes) -> None:
        started = time.process_time()
        self._check(data)
        took = time.process_time() - started
        if took > _MOST_PROCESSOR:
            raise _Slow(f"{took:.0f} s for {len(data)} bytes")


def _mutate(data: bytes, most: int, seed: int) -> bytes:
    dice = random.Random(seed)  # noqa: S311 - nothing is secret
    if dice.random() < 0.3:
        return bytes(atheris.Mutate(data, most))
    for _ in range(dice.choice((1, 1, 2, 4))):
        data = TARGET.mutated(data, dice)
    return data[:most]


def main() -> None:
    """Never returns: libFuzzer ends the process."""
    name, folder, seconds = sys.argv[1:]
    work = Path(folder, name)
    for seed in SEEDS:
        (work / "corpus" / hashlib.sha256(seed).hexdigest()[:40]).write_bytes(seed)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + _MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    options = [
        f"-max_total_time={seconds}", f"-timeout={_MOST_WALL}", f"-rss_limit_mb={_MOST_RESIDENT}",
        f"-report_slow_units={_MOST_WALL}", f"-max_len={_MOST_INPUT}",
        f"-artifact_prefix={work}/findings/", "-len_control=0",
    ]  # fmt: skip
    trial = _Trial(TARGET.check, work / "findings")
    atheris.Setup([sys.argv[0], *options, str(work / "corpus")], trial, custom_mutator=_mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

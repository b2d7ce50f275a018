"""Processes that do the same thing at the same moment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def race(code: str, count: int, *words: str | Path) -> list[str]:
    """What each of `count` processes prints after all of them were ready.

    `code` gets `words` and its number as sys.argv, and calls `go()` when it is ready.
    """
    start = (
        "import sys\n"
        f"sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parent / 'store')]!r}\n"
        "def go():\n"
        "    print('ready', flush=True)\n"
        "    sys.stdin.readline()\n"
    )
    runners = [
        subprocess.Popen(
            [sys.executable, "-c", start + code, *map(str, words), str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(count)
    ]  # fmt: skip
    for runner in runners:
        assert runner.stdout is not None
        assert runner.stdout.readline() == "ready\n"
    for runner in runners:
        assert runner.stdin is not None
        runner.stdin.write("go\n")
        runner.stdin.flush()
    said = [runner.communicate(timeout=30)[0] for runner in runners]
    assert [runner.returncode for runner in runners] == [0] * count
    return said

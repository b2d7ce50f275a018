"""What the command costs when there is little to do: ratios to a bare Python, in one run.

Prints `wheelforge --version`, a plan and a build in which everything is cached, each as a multiple
of `python -c pass`, and the share of the first build's time that the second one takes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 15


def seconds(argv: list[str], env: dict[str, str], runs: int = RUNS) -> float:
    """Median wall time of a command in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(argv, env=env, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "WHEELFORGE_HOME": f"{folder}/home"}
        forge = [str(Path(sys.executable).with_name("wheelforge"))]
        build = [*forge, "build", "minitorch", "--wheelhouse", f"{folder}/wheelhouse"]
        first = seconds(build, env, runs=1)
        bare = seconds([sys.executable, "-c", "pass"], env)
        for name, argv in (
            ("wheelforge --version", [*forge, "--version"]),
            ("wheelforge plan minitorch", [*forge, "plan", "minitorch"]),
            ("wheelforge build minitorch, all cached", build),
        ):
            found = seconds(argv, env)
            print(f"{name:<42} {found * 1000:6.0f} ms  {found / bare:5.1f} x python -c pass")
        print(f"second build / first build                 {found / first:.3f}")


if __name__ == "__main__":
    main()

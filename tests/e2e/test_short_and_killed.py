"""One budget for real builds: short of memory, and interrupted; on the trees of benchmarks/."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import cgroup  # noqa: E402
import trees  # noqa: E402
from forge import Forge  # noqa: E402

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
GIB = 1 << 30


@pytest.fixture
def group() -> Iterator[cgroup.Group]:
    """A memory cgroup in which two of the largest compiles do not fit beside each other."""
    if os.geteuid():
        pytest.skip("only root may make a memory cgroup here")
    try:
        cgroup._parent()
    except SystemExit as error:
        pytest.skip(str(error))
    with cgroup.limited(int(0.9 * GIB)) as made:
        yield made


@pytest.mark.parametrize("tool", trees.TOOLS)
def test_a_build_that_is_short_of_memory_succeeds(
    tmp_path: Path, group: cgroup.Group, tool: str
) -> None:
    """What compiles at once without a budget needs 1.3 GiB; the kernel would kill it."""
    peaks = [int(share * GIB) for share in (0.65, 0.65, 0.1, 0.3, 0.1, 0.5)]
    tree = trees.plant(tmp_path / "tree", "short", peaks, trees.calibrate())
    forge = Forge(tmp_path / "forge", ())
    recipe = tree.recipe(forge.recipes, tool)
    ran = forge.build(recipe, group=group)
    assert ran.code == 0, ran.text
    units = [event for event in forge.events() if event["event"] == "unit"]
    compiled = [Path(unit["source"]).stem for unit in units if unit["kind"] == "compile"]
    assert sorted(compiled) == sorted(tree.units)
    assert all(unit["code"] == 0 for unit in units)
    assert max(unit["peak"] for unit in units) > 0.5 * GIB


@pytest.mark.skipif(not shutil.which("make"), reason="no make")
@pytest.mark.parametrize("tool", trees.TOOLS)
def test_killed_at_random_it_goes_on_from_there(tool: str) -> None:
    """wheelforge, the build tool and a compiler, once each; kills.py says what has to hold."""
    argv = [sys.executable, str(BENCHMARKS / "kills.py"), "--runs", "1", "--tools", tool]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr

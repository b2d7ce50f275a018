"""kill -9 at any moment: the same command goes on and finishes, and nothing half is published."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from command_line import Forge
from wheelforge import process

pytestmark = pytest.mark.e2e

SLEEPER = """
name = "sleeper"
kind = "library"
summary = "leaves a daemon in a session of its own"
license = "MIT"
versions = ["1"]
[source]
type = "path"
path = "{root}/tree"
[build]
backend = "script"
commands = [["sh", "-c", "setsid sh -c 'echo $$ > {marker}; exec sleep 600' & wait"]]
"""


def test_kill_nine_at_ten_random_moments(forge: Forge) -> None:
    dice = random.Random(os.environ.get("WHEELFORGE_TEST_SEED", "20"))  # noqa: S311
    for _ in range(10):
        child = subprocess.Popen(
            forge.command("build", "minitorch"),
            env=forge.env(),
            cwd=forge.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            child.wait(timeout=dice.uniform(0.2, 3.0))
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        assert "0 damaged" in forge.good("store", "verify")
    said = forge.good("build", "minitorch")
    assert "up to date" in said or "verified" in said
    assert "0 damaged" in forge.good("store", "verify")
    assert not list(forge.home.glob("store/.*"))
    assert sorted(path.name for path in forge.wheelhouse.glob("*.whl"))


def test_nothing_survives_a_killed_build(forge: Forge) -> None:
    marker = forge.root / "alive"
    forge.recipe("sleeper", SLEEPER.format(root=forge.root, marker=marker))
    (forge.root / "tree").mkdir()
    (forge.root / "tree" / "a").touch()
    argv = forge.command("build", "sleeper")
    child = subprocess.Popen(argv, env=forge.env(), cwd=forge.root)
    pid = _wait_for(marker)
    child.kill()
    child.wait()
    # a daemon of the build outlives kill -9 of everything above it, until the next run enters
    marker.unlink()
    again = subprocess.Popen(argv, env=forge.env(), cwd=forge.root)
    second = _wait_for(marker)
    assert not _alive(pid)
    again.send_signal(signal.SIGTERM)
    assert again.wait(timeout=60) == 130
    _until(lambda: not _alive(second))


def _wait_for(file: Path) -> int:
    _until(lambda: file.exists() and bool(file.read_text().strip()))
    return int(file.read_text())


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        return f"{process.MARK}=".encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False

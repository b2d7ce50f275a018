"""kill -9 at any moment: the same command goes on and finishes, and nothing half is published."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time

import pytest
from command_line import Forge

from wheelforge import process

pytestmark = pytest.mark.e2e


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
    marker = str(forge.root / "alive")
    forge.recipe(
        "sleeper",
        f"""
name = "sleeper"
kind = "library"
summary = "sleeps"
license = "MIT"
versions = ["1"]
[source]
type = "path"
path = "{forge.root}/tree"
[build]
backend = "script"
commands = [["sh", "-c", "setsid sh -c 'echo $$ > {marker}; exec sleep 600' & wait"]]
""",
    )
    (forge.root / "tree").mkdir()
    (forge.root / "tree" / "a").touch()
    child = subprocess.Popen(forge.command("build", "sleeper"), env=forge.env(), cwd=forge.root)
    pid = _wait_for(marker)
    child.kill()
    child.wait()
    # a daemon of the build outlives kill -9 of everything above it, until the next run enters
    again = subprocess.Popen(forge.command("build", "sleeper"), env=forge.env(), cwd=forge.root)
    _until(lambda: not _alive(pid))
    os.remove(marker)
    second = _wait_for(marker)
    again.send_signal(signal.SIGTERM)
    assert again.wait(timeout=30) == 130
    _until(lambda: not _alive(second))


def _wait_for(file: str) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if os.path.exists(file) and (text := open(file).read().strip()):  # noqa: PTH110, PTH123, SIM115
            return int(text)
        time.sleep(0.05)
    raise AssertionError(f"{file} never appeared")


def _until(true: object) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if true():  # type: ignore[operator]
            return
        time.sleep(0.05)
    raise AssertionError("did not happen")


def _alive(pid: int) -> bool:
    return f"{process.MARK}=".encode() in b"".join(process._environment(pid))

"""Runs wheelforge as a user does, with a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from cgroup import Group
from wheelforge.graph import BuildStep, Plan
from wheelforge.pipeline import Home

LONGEST = 1800.0  # seconds
MARK = "WHEELFORGE_STEP"  # every program of a step carries it, with a folder of the home


@dataclass(frozen=True)
class Ran:
    """How a command ended: its code, wall seconds, what it printed."""

    code: int
    seconds: float
    text: str

    @property
    def why(self) -> str:
        """Its last line that names an error, else its last one."""
        lines = [line.strip() for line in self.text.splitlines() if line.strip()] or ["(nothing)"]
        return next((line for line in reversed(lines) if "error" in line.lower()), lines[-1])


@dataclass(frozen=True)
class Forge:
    """A folder with a WHEELFORGE_HOME, a wheelhouse and recipes; `more` goes to every verb."""

    root: Path
    more: Sequence[str] = field(default=())

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def recipes(self) -> Path:
        return self.root / "recipes"

    @property
    def env(self) -> dict[str, str]:
        env = {**os.environ, "WHEELFORGE_HOME": str(self.home)}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # else every start compiles wheelforge anew
        return env

    def argv(self, verb: str, *words: str) -> list[str]:
        """The words of a planning verb."""
        self.recipes.mkdir(parents=True, exist_ok=True)
        start = [sys.executable, "-m", "wheelforge", verb, *words]
        return [*start, "--recipes", str(self.recipes), "--offline", *self.more]

    def start(
        self, *words: str, group: Group | None = None, out: int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        """Start `wheelforge build` with these words, inside `group` if one is given."""
        house = str(self.root / "wheelhouse")
        return subprocess.Popen(
            self.argv("build", *words, "--wheelhouse", house, "--no-verify"),
            env=self.env, cwd=self.root, text=True, stdin=subprocess.DEVNULL,
            stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=group.enter if group else None,  # noqa: PLW1509
        )  # fmt: skip

    def build(self, *words: str, group: Group | None = None) -> Ran:
        """Run `wheelforge build` to its end; what takes longer than LONGEST is killed."""
        started = time.monotonic()
        with self.start(*words, group=group, out=subprocess.PIPE) as running:
            try:
                text, _ = running.communicate(timeout=LONGEST)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                text = f"error: not done within {LONGEST:.0f} s"
        return Ran(running.returncode, time.monotonic() - started, text)

    def plan(self, *words: str) -> Plan:
        """What it would do."""
        argv = [*self.argv("plan", *words), "--json"]
        done = subprocess.run(argv, env=self.env, check=True, stdout=subprocess.PIPE)
        return msgspec.json.decode(done.stdout, type=Plan)

    def step(self, *words: str) -> BuildStep:
        """The build step of the last recipe of a plan."""
        return [step for step in self.plan(*words).steps if isinstance(step, BuildStep)][-1]

    def forget(self) -> None:
        """Remove everything it has learned and made."""
        for path in (self.home, self.root / "wheelhouse"):
            shutil.rmtree(path, ignore_errors=True)

    def events(self) -> list[dict[str, Any]]:
        """What the latest run told, in order; empty where there was none."""
        runs = sorted(self.home.glob("runs/*/events.jsonl"), key=lambda file: file.stat().st_mtime)
        lines = runs[-1].read_text().splitlines() if runs else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def command_seconds(self, step: str) -> dict[str, float]:
        """How long each command of a step took in the latest run, by label."""
        found: dict[str, float] = {}
        label, since = "", 0.0
        for event in self.events():
            if event.get("step") != step or event["event"] not in {
                "command-started", "step-finished",
            }:  # fmt: skip
                continue
            if label:
                found[label] = event["at"] - since
            label, since = event.get("label", ""), event["at"]
        return found


def with_sources(root: Path, more: Sequence[str]) -> Forge:
    """A forge with a fresh home that has the user's source cache."""
    forge = Forge(root, more)
    forge.home.mkdir(parents=True)
    (forge.home / "sources").symlink_to(Home.open().root / "sources")
    return forge


def carrying(mark: str) -> Iterator[int]:
    """Processes whose environment holds a variable that begins with `mark`."""
    wanted = mark.encode()
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit() and int(name) != os.getpid():
            try:
                environment = Path("/proc", name, "environ").read_bytes()
            except OSError:
                continue
            if any(item.startswith(wanted) for item in environment.split(b"\0")):
                yield int(name)

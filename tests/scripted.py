"""Packages whose builds are shell scripts, and a compiler that only says its version.

With them a whole `wheelforge build` takes a moment and needs nothing installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from command_line import Forge, Ran
from fake_wheels import make_wheel
from wheelforge import pipeline, process
from wheelforge.pipeline import Built, Limits, Options

if TYPE_CHECKING:
    from collections.abc import Callable

    from wheelforge.events import Event

WAIT = 30.0
_COMPILER = """#!/bin/sh
case $1 in -dumpmachine) echo {machine}-linux-gnu;; *) echo "gcc (fake) 13.2.0";; esac
"""
_TOOLCHAIN = """
name = "fake"
summary = "says its version"
family = "gcc"
machine = "native"
[programs]
cc = ["{folder}/cc"]
cxx = ["{folder}/cc"]
"""


@dataclass(frozen=True)
class Yard(Forge):
    """A forge whose compiler compiles nothing."""

    def __post_init__(self) -> None:
        self.recipes.mkdir()
        compiler = self.root / "cc"
        compiler.write_text(_COMPILER.format(machine=os.uname().machine))
        compiler.chmod(0o755)
        self.toolchain.write_text(_TOOLCHAIN.format(folder=self.root))

    @property
    def toolchain(self) -> Path:
        return self.root / "fake.toml"

    def library(self, name: str, *scripts: str, needs: str = "", more: str = "") -> Path:
        """A library whose scripts leave a file `made`; `needs` are names. Returns its source."""
        depends = ", ".join(f'"{need}" = "*"' for need in needs.split())
        commands = [["sh", "-c", script] for script in scripts or ("echo made > made",)]
        return self._recipe(
            name, "library", f"depends = {{ {depends} }}", commands,
            f'[install]\nkeep = ["made"]\n{more}',
        )  # fmt: skip

    def wheel(self, name: str, more: str = "", **content: Any) -> Path:
        """A pure wheel that was made beforehand; its build copies it."""
        source = self._recipe(name, "wheel", "", [["sh", "-c", "cp *.whl {wheels}"]], more)
        make_wheel(source, name, **content)
        return source

    def _recipe(
        self, name: str, kind: str, head: str, commands: list[list[str]], more: str
    ) -> Path:
        source = self.root / "sources" / name
        source.mkdir(parents=True, exist_ok=True)
        (source / "file").write_text(name)
        (self.recipes / f"{name}.toml").write_text(
            f'name = "{name}"\nkind = "{kind}"\nsummary = "test"\nlicense = "MIT"\n'
            f'versions = ["1.0"]\n{head}\n[source]\ntype = "path"\npath = "{source}"\n'
            f'[build]\nbackend = "script"\n'
            f"commands = {msgspec.json.encode(commands).decode()}\n{more}\n"
        )
        return source

    def build(
        self,
        *names: str,
        listener: Callable[[Event], None] = lambda _: None,
        limits: Limits = Limits(jobs=2, memory=1 << 40),  # noqa: B008
        prove: bool = False,
    ) -> Built:
        """Build in this process; WHEELFORGE_HOME has to be this yard's."""
        options = Options(
            requirements=names, toolchain=str(self.toolchain), recipes=(self.recipes,), offline=True
        )
        return pipeline.build(options, limits, self.wheelhouse, listener, prove=prove)

    def command(self, *words: str | Path) -> list[str]:
        """The words that start wheelforge; planning verbs know the recipes and the compiler."""
        argv = [sys.executable, "-m", "wheelforge", *map(str, words)]
        if words[0] in {"build", "plan", "fetch"} or words[:2] == ("store", "why"):
            argv += ["--recipes", str(self.recipes), "--toolchain", str(self.toolchain)]
            argv += ["--offline"]
        if words[0] == "build":
            argv += ["--wheelhouse", str(self.wheelhouse), "--no-verify"]
        return argv

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """Start wheelforge as a user would."""
        return subprocess.Popen(
            self.command(*words), env=self.env(), cwd=self.root, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *words: str | Path, env: dict[str, str] | None = None) -> Ran:
        """Run wheelforge to its end."""
        assert env is None, "a yard's commands run in its own environment"
        return ended(self.start(*words))

    def survivors(self) -> list[int]:
        """Processes that a step of this home started and that are still there."""
        mark = f"{process.MARK}={self.home}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if any(item.startswith(mark) for item in path.read_bytes().split(b"\0")):
                    found.append(int(path.parent.name))
        return found


def ended(running: subprocess.Popen[str]) -> Ran:
    """Wait for wheelforge to end."""
    with running:
        out, err = running.communicate(timeout=WAIT)
    return Ran(running.returncode, out, err)


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds, and fail when it takes too long."""
    deadline = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < deadline, f"not within {WAIT:.0f} s: {what}"
        time.sleep(0.01)

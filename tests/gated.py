"""A folder that puts the compiled gate in front of small scripts and of real compilers."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fake_broker import PATIENCE, FakeBroker, Talk
from wheelforge import gatehouse


@dataclass(frozen=True)
class Site:
    """Where gated programs run: those in `folder`/bin, with a broker that listens."""

    folder: Path
    program: Path
    broker: FakeBroker

    def script(self, name: str, text: str) -> Path:
        """A program of the real kind: a shell script outside of the gate."""
        path = self.folder / "scripts" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def gated(self, name: str, text: str) -> None:
        """Put the gate in front of a script."""
        self.furnish({name: str(self.script(name, text))})

    def furnish(self, compilers: Mapping[str, str]) -> None:
        gatehouse.furnish(self.folder, self.program, compilers)

    def environment(self, **more: str) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("WHEELFORGE_", "CCACHE_", "MAKE", "CARGO"))
        }
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        own = {"PATH": path, "WHEELFORGE_BROKER": self.broker.path, "LC_ALL": "C"}
        return inherited | own | more

    def start(self, *words: str, **more: str) -> subprocess.Popen[str]:
        """Start a program in `folder`, found in PATH; its input is empty."""
        environment = self.environment(**more)
        executable = shutil.which(words[0], path=environment["PATH"])
        assert executable
        return subprocess.Popen(
            words, executable=executable, cwd=self.folder, env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def ask(self, *words: str, **more: str) -> tuple[subprocess.Popen[str], Talk, list[str]]:
        """Start a program that asks: it, the talk with its gate, and what was asked."""
        process = self.start(*words, **more)
        return process, *self.broker.accept()

    def run(self, *words: str, **more: str) -> tuple[int, str, str]:
        """Run a program that asks nothing."""
        return over(self.start(*words, **more))


def over(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """The exit code of a program, and what it said on standard output and error."""
    out, error = process.communicate(timeout=PATIENCE)
    return process.returncode, out, error

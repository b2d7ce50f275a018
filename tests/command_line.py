"""Runs the wheelforge command as a user does, with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class Ran(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


LONGEST = 2700  # seconds: two slow cores take a quarter of an hour for OpenBLAS and numpy


@dataclass(frozen=True)
class Forge:
    """A WHEELFORGE_HOME, a wheelhouse and a folder of recipes."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def wheelhouse(self) -> Path:
        return self.root / "wheelhouse"

    @property
    def recipes(self) -> Path:
        return self.root / "recipes"

    def recipe(self, name: str, text: str) -> Path:
        """Write a recipe."""
        self.recipes.mkdir(parents=True, exist_ok=True)
        path = self.recipes / f"{name}.toml"
        path.write_text(text)
        return path

    def command(self, *words: str | Path) -> list[str]:
        """The words that start wheelforge; recipes of this forge are known to planning verbs."""
        argv = [sys.executable, "-m", "wheelforge", *map(str, words)]
        if words[0] in {"build", "plan", "fetch"} and self.recipes.is_dir():
            argv += ["--recipes", str(self.recipes)]
        if words[0] == "build":
            argv += ["--wheelhouse", str(self.wheelhouse)]
        return argv

    def env(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        """The caller's environment with this forge's home."""
        return {**os.environ, "WHEELFORGE_HOME": str(self.home), **(extra or {})}

    def run(self, *words: str | Path, env: dict[str, str] | None = None) -> Ran:
        """Run a command to its end."""
        done = subprocess.run(
            self.command(*words),
            env=self.env(env),
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=LONGEST,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def good(self, *words: str | Path, env: dict[str, str] | None = None) -> str:
        """Run a command that has to succeed; what it printed."""
        ran = self.run(*words, env=env)
        assert ran.code == 0, ran.out + ran.err
        return ran.out

    def files(self, *folders: Path) -> dict[str, bytes]:
        """Every file below some folders with its content."""
        return {
            str(path): path.read_bytes()
            for folder in folders
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }

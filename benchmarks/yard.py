"""One tree built with one build tool: what can be killed in it, what came out, what is left."""

from __future__ import annotations

import fcntl
import hashlib
import random
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from counting import Count
from forge import MARK, Forge, carrying

Find = Callable[[subprocess.Popen[str]], int | None]


@dataclass(frozen=True)
class Yard:
    """One tree with one build tool, and what an undisturbed build of it gave."""

    forge: Forge
    recipe: str
    tool: str
    sources: frozenset[str]
    count: Count
    jobs: int

    def start(self) -> subprocess.Popen[str]:
        """Start the command."""
        return self.forge.start(self.recipe, "--jobs", str(self.jobs))

    def fresh(self) -> None:
        """Forget everything."""
        self.forge.forget()
        self.count.clear()

    def files(self) -> dict[str, str]:
        """The published library's files with their digests."""
        found = {}
        for entry in self.forge.home.glob(f"store/*-{self.recipe}-1.0"):
            for path in sorted(entry.rglob("*")):
                if path.is_file() and path.parent != entry:  # the manifest holds times
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    found[str(path.relative_to(entry))] = digest
        return found

    def twice(self) -> int:
        """How many compiles more than one for each source were begun."""
        return sum(times - 1 for times in self.count.compiles(self.sources).values())

    def orphans(self) -> int:
        """Processes of steps of this home."""
        return len(list(carrying(f"{MARK}={self.forge.home}")))

    def held_locks(self) -> int:
        """Work folders' locks that somebody still holds."""
        return sum(map(_held, (self.forge.home / "locks").glob("*")))

    def finder(self, victim: str, choice: random.Random) -> Find:
        """What finds the process to kill, or None while there is none."""
        programs = {"tool": self._is_tool, "compiler": _is_compiler()}
        if victim not in programs:
            return lambda running: running.pid

        def find(_running: subprocess.Popen[str]) -> int | None:
            mark = f"{MARK}={self.forge.home}"
            candidates = sorted(pid for pid in carrying(mark) if programs[victim](pid))
            return choice.choice(candidates) if candidates else None

        return find

    def _is_tool(self, pid: int) -> bool:
        with suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            return self.tool in {word.rpartition("/")[2] for word in words[:2]}  # python scons
        return False


def _held(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _is_compiler() -> Callable[[int], bool]:
    """Whether a process is the real g++ or its cc1plus, whatever stands in front of them."""
    asked = subprocess.run(
        ["g++", "-print-prog-name=cc1plus"], check=True, text=True, stdout=subprocess.PIPE
    )
    real = {Path(path).resolve() for path in (asked.stdout.strip(), shutil.which("g++") or "")}

    def answer(pid: int) -> bool:
        with suppress(OSError):
            return Path(f"/proc/{pid}/exe").readlink() in real
        return False

    return answer

"""Does a build step by hand: the plan's commands in the plan's environment, without wheelforge.

What a careful person would type: the same configure, build and install, in a fresh folder, with a
fixed number of jobs.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cgroup import Group
from wheelforge.errors import InputError
from wheelforge.graph import BuildStep, Command, Unpack
from wheelforge.pipeline import Home

_PLACEHOLDER = re.compile(r"@\{([\w.-]+)\}")
_POLL = 0.05  # seconds
Files = Callable[[Unpack], Path]


def fetched(item: Unpack) -> Path:
    """The archive of a source in the user's cache; ends the program where it was not fetched."""
    try:
        return Home.open(offline=True).sources.files(item.source)[0]
    except InputError as error:
        raise SystemExit(f"error: {error}") from None


def busy() -> float:
    """Processor seconds of all children that ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass(frozen=True)
class Done:
    """How it went: `problem` is empty where all succeeded.

    `seconds` of each command by the clock, and those of the processors in it (`busy`).
    """

    problem: str
    seconds: Mapping[str, float]
    busy: Mapping[str, float]

    @property
    def total(self) -> float:
        """All of it: sources laid out, every command, the library in its place; by the clock."""
        return sum(self.seconds.values())


@dataclass(frozen=True)
class Hand:
    """A step done in the folder `work`; `files` finds the archive or folder of a source.

    `inside` are the words of a program that starts others elsewhere, such as in another root.
    """

    step: BuildStep
    work: Path
    files: Files = lambda item: Path(getattr(item.source.source, "path", ""))
    libraries: Mapping[str, Path] | None = None
    inside: Sequence[str] = field(default=())

    @property
    def prefix(self) -> Path:
        """Where the result is."""
        return self.work / "prefix"

    def run(self, jobs: int, group: Group | None = None, extra: str = "") -> Done:
        """Do all of it in a fresh folder; `extra` (NAME=VALUE) goes into every environment.

        Stops as soon as a command fails or the kernel kills a process in `group`.
        """
        seconds, used = {}, {}
        started = time.monotonic()
        self.lay_out()
        seconds["sources"] = time.monotonic() - started
        for command in self.step.commands:
            started, before = time.monotonic(), busy()
            problem = self._command(command, jobs, group, extra)
            seconds[command.label] = time.monotonic() - started
            used[command.label] = busy() - before
            if problem:
                return Done(problem, seconds, used)
        started = time.monotonic()
        self._install()
        seconds["keep"] = time.monotonic() - started
        return Done("", seconds, used)

    def lay_out(self) -> None:
        """Make the folder anew, with sources, patches and files."""
        shutil.rmtree(self.work, ignore_errors=True)
        for name in ("src", "home", "tmp", "stage", "bin"):
            (self.work / name).mkdir(parents=True)
        for name, program in self.step.programs.items():
            (self.work / "bin" / name).symlink_to(program)
        for name, text in self.step.files.items():
            (self.work / name).write_text(_fill(text, self._values(1)))
        self._sources(self.work / "src")

    def _sources(self, source: Path) -> None:
        for item in self.step.unpack:
            target, file = source / item.source.at, self.files(item)
            if item.source.at:
                shutil.rmtree(target, ignore_errors=True)
            if file.is_dir():
                shutil.copytree(file, target, symlinks=True, dirs_exist_ok=True)
            else:
                target.mkdir(parents=True, exist_ok=True)
                strip = f"--strip-components={item.strip}"
                subprocess.run(["tar", "-xf", file, "-C", target, strip], check=True)
        for patch in self.step.patches:
            argv = ["patch", "--batch", f"--strip={patch.strip}", f"--input={patch.file}"]
            subprocess.run(argv, cwd=source, check=True, stdout=subprocess.DEVNULL)

    def start(
        self, command: Command, jobs: int, group: Group | None = None, extra: str = ""
    ) -> subprocess.Popen[bytes]:
        """Start one command; what it says goes into LABEL.log."""
        values = self._values(jobs)
        env = {name: _fill(text, values) for name, text in self.step.env.items()}
        env |= dict([extra.split("=", 1)]) if extra else {}
        cwd = Path(_fill(command.cwd, values))
        cwd.mkdir(parents=True, exist_ok=True)
        argv = [_fill(word, values) for word in (*self.inside, *command.argv)]
        argv[0] = shutil.which(argv[0], path=env["PATH"]) or argv[0]
        with (self.work / f"{command.label}.log").open("wb") as log:
            return subprocess.Popen(
                argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=group.enter if group else None,  # noqa: PLW1509
            )  # fmt: skip

    def _command(self, command: Command, jobs: int, group: Group | None, extra: str) -> str:
        """Run one; what went wrong."""
        before = group.kills() if group else 0
        child = self.start(command, jobs, group, extra)
        while child.poll() is None:
            if group and group.kills() > before:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                child.wait(_POLL)
        if group and group.kills() > before:
            group.empty()
            return "killed"
        return f"{command.label} ended with code {child.returncode}" if child.returncode else ""

    def _values(self, jobs: int) -> dict[str, str]:
        names = ("src", "build", "stage", "bin", "prefix")
        libraries = {f"dep.{name}": str(path) for name, path in (self.libraries or {}).items()}
        own = {name: str(self.work / name) for name in names}
        more = {"work": str(self.work), "sysroot": self.step.sysroot, "jobs": str(jobs)}
        return {**libraries, **own, **more}

    def _install(self) -> None:
        """Make the prefix of what was staged, and of what the recipe takes from the tree."""
        staged = Path(f"{self.work}/stage{self.prefix}")
        if staged.is_dir():
            shutil.copytree(staged, self.prefix, symlinks=True)
        for file, target in self._kept():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)

    def _kept(self) -> Iterator[tuple[Path, Path]]:
        source = self.work / "src"
        for pattern in self.step.install.keep:
            for file in source.glob(pattern):
                yield file, self.prefix / file.relative_to(source)
        for pattern, folder in self.step.install.move.items():
            for file in source.glob(pattern):
                yield file, self.prefix / folder / file.name


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)

"""A clean environment to try wheels in: none of the user's settings or packages reach it."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from wheelforge import primitives, sigill
from wheelforge.errors import ForgeError, InputError, RejectedError
from wheelforge.process import Spawn, stream
from wheelforge.programs import locate
from wheelforge.wheel import REQUIREMENTS, SIMPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from wheelforge.interpreter import Interpreter
    from wheelforge.recipe import PythonCheck
    from wheelforge.sigill import Reporter

SETUP_SECONDS = 1800.0
CHECK_SECONDS = 900.0  # importing torch under emulation takes minutes
_TAIL = 12
_FOLDERS = ("work", "home", "tmp")
_PASSED_ON = ("LANG", "LC_ALL", "LC_CTYPE", "TZ", "PATH")


class Outcome(NamedTuple):
    """How a program ended: `detail` is why it failed, `command` what shows it again.

    `code` is its exit code (negative: killed by that signal), `lines` the last of what it printed,
    `remedy` what may be done about it; `ran` is what a library told of its implementations.
    """

    ok: bool
    detail: str
    command: str
    code: int = 0
    lines: tuple[str, ...] = ()
    remedy: str = ""
    ran: str = ""

    def require(self, what: str, where: str) -> None:
        """Raise RejectedError unless the program succeeded."""
        if not self.ok:
            again = f"to see it again:\n    {self.command}"
            remedy = f"{self.remedy}\n  {again}" if self.remedy else again
            raise RejectedError(f"{what}: {self.detail}", where=where, remedy=remedy)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A virtual environment below `root`; its programs see `env` and nothing else.

    They run in the empty folder root/work; all they print is also in `log`. `reporter` says what a
    check was doing that an instruction ended; None: nobody does.
    """

    root: Path
    python: Path
    env: Mapping[str, str]
    log: Path
    reporter: Reporter | None = None

    async def run(
        self,
        argv: Sequence[str],
        timeout: float = SETUP_SECONDS,  # noqa: ASYNC109
        heed: Callable[[str], object] = bool,
    ) -> Outcome:
        """Run a program to its end or for `timeout` seconds; `heed` hears every line."""
        work, tail = self.root / "work", deque[str](maxlen=_TAIL)
        spawn = Spawn(argv=argv, cwd=work, env=self.env, log=self.log, timeout=timeout)

        def on_line(line: str) -> None:
            heed(line)
            if line.strip():
                tail.append(line)

        code = await stream(spawn, on_line)
        settings = [f"{key}={value}" for key, value in sorted(self.env.items())]
        command = f"cd {shlex.quote(str(work))} && {shlex.join(['env', '-i', *settings, *argv])}"
        detail = "\n    ".join([_ended(code), *tail]) if code else ""
        return Outcome(code == 0, detail, command, code, tuple(tail))

    async def install(self, wheels: Sequence[Path]) -> Outcome:
        """Install exactly these wheel files."""
        uv = [str(locate("uv")), "pip", "install", "--quiet", "--no-config", "--offline"]
        uv += ["--no-index", "--no-deps", "--no-cache", "--python", str(self.python)]
        return await self.run([*uv, "--", *(str(wheel.absolute()) for wheel in wheels)])

    async def install_locked(self, wheelhouse: Path) -> Outcome:
        """Install a wheelhouse's lock from its index with pip, exactly as its users do."""
        return await self._pip(*_locked_install(wheelhouse))

    async def consistent(self) -> Outcome:
        """Ask pip whether every installed package has the dependencies it wants."""
        return await self._pip("check")

    async def check(self, check: PythonCheck, timeout: float = CHECK_SECONDS) -> Outcome:  # noqa: ASYNC109
        """Run a recipe's check; one that ends by SIGILL once more, to find out where."""
        argv = [str(self.python), "-I", "-c", check.code]
        outcome = await self._run_check(check, argv, timeout)
        if outcome.code != -signal.SIGILL or self.reporter is None:
            return outcome
        try:
            env = await asyncio.to_thread(self.reporter.preloaded, self.env, self.python)
        except (ForgeError, OSError) as error:
            return _unexplained(outcome, str(error).replace("\n", ";"))
        again = await replace(self, env=env).run(argv, timeout)
        account = sigill.read(again.lines)
        if account is None:
            return _unexplained(outcome, f"run once more it {_ended(again.code)} and said nothing")
        told = [f"ended by SIGILL: {sigill.told(account, self.root)}", *outcome.lines]
        remedy = sigill.remedy(account, self.env)
        return outcome._replace(detail="\n    ".join(told), remedy=remedy)

    async def _run_check(
        self,
        check: PythonCheck,
        argv: Sequence[str],
        timeout: float,  # noqa: ASYNC109
    ) -> Outcome:
        """Run it, and hold what a library tells of itself against what the check wants."""
        wanted = check.primitives
        if wanted is None:
            return await self.run(argv, timeout)
        ran: Counter[primitives.Run] = Counter()

        def heed(line: str) -> None:
            if (run := primitives.read(line)) is not None:
                ran[run] += 1

        verbose = replace(self, env={**self.env, wanted.variable: "1"})
        outcome = await verbose.run(argv, timeout, heed)
        faults = list(primitives.faults(ran, wanted.ran, wanted.refused))
        if outcome.ok and faults:
            return outcome._replace(ok=False, detail="\n    ".join(faults))
        return outcome._replace(ran=primitives.told(ran))

    def remove(self) -> None:
        """Remove the environment, but not its log."""
        for folder in ("venv", *_FOLDERS):
            shutil.rmtree(self.root / folder, ignore_errors=True)

    async def _pip(self, *words: str) -> Outcome:
        pip = [str(locate("pip")), "--python", str(self.python), "--no-input", "--quiet"]
        return await self.run([*pip, *words])


def locked_install(index: str, lock: str) -> list[str]:
    """The words after `pip` that install a lock: hashes demanded, and one index only.

    pip's cache is left out because it may hold a wheel of the same name built for another CPU.
    """
    return ["install", "--no-cache-dir", "--require-hashes", "--index-url", index, "-r", lock]


async def make_trial(
    interpreter: Interpreter,
    root: Path,
    extra: Mapping[str, str] | None = None,
    *,
    log: Path | None = None,
    reporter: Reporter | None = None,
) -> Trial:
    """A new virtual environment in folder `root`, in place of what an earlier trial left there.

    `extra` are variables its programs also get; `log` (root/trial.log) gets what they print.
    InputError when the interpreter does not start.
    """
    blank = _blank(root, {**interpreter.env, **(extra or {})}, log)
    trial = replace(blank, reporter=reporter)
    uv = [str(locate("uv")), "venv", "--quiet", "--no-project", "--no-config", "--offline"]
    uv += ["--no-python-downloads", "--python", interpreter.path, str(trial.root / "venv")]
    made = await trial.run(uv)
    if not made.ok:
        raise InputError(
            f"no environment could be made with this Python: {made.detail}",
            where=interpreter.path,
            remedy="choose another with --python",
        )
    return trial


def _locked_install(wheelhouse: Path) -> list[str]:
    home = wheelhouse.absolute()
    return locked_install(f"{home.as_uri()}/{SIMPLE}/", str(home / REQUIREMENTS))


def _blank(root: Path, extra: Mapping[str, str], log: Path | None) -> Trial:
    root = root.absolute()
    python = root / "venv" / "bin" / "python"
    env = {**_environment(root), **extra}
    trial = Trial(root=root, python=python, env=env, log=log or root / "trial.log")
    trial.remove()
    for folder in _FOLDERS:
        (root / folder).mkdir(parents=True)
    return trial


def _environment(root: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    emulator = {name: value for name, value in os.environ.items() if name.startswith("QEMU_")}
    return {
        "LANG": "C.UTF-8",
        **kept,
        **emulator,
        "PATH": os.pathsep.join([f"{root}/venv/bin", kept.get("PATH", os.defpath)]),
        "HOME": str(root / "home"),
        "TMPDIR": str(root / "tmp"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONNOUSERSITE": "1",
    }


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    hint = " (it holds instructions this CPU lacks)" if -code == signal.SIGILL else ""
    return f"ended by signal {-code}, {signal.strsignal(-code)}{hint}"


def _unexplained(outcome: Outcome, why: str) -> Outcome:
    """As it was, and why there is no more to say."""
    head, *rest = outcome.detail.split("\n", 1)
    return outcome._replace(detail="\n".join([f"{head}; where is not known: {why}", *rest]))

"""The only place that starts programs.

Each runs in its own process group, dies with its parent, and carries WHEELFORGE_STEP in its
environment, so that whatever it leaves behind can be found and ended, also after kill -9.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wheelforge.errors import ForgeError, InputError

MARK = "WHEELFORGE_STEP"
GRACE_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class ProgramError(ForgeError):
    """A helper program ended with a code other than 0; carries what it printed."""

    def __init__(self, argv: Sequence[str], code: int, output: str) -> None:
        tail = "\n  ".join(output.strip().splitlines()[-5:])
        super().__init__(f"'{argv[0]}' ended with code {code}: {tail or '(no output)'}")
        self.argv = tuple(argv)
        self.code = code
        self.output = output


def capture(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 60.0,
    merge: bool = False,
) -> str:
    """Run a short helper program and return what it printed on standard output.

    `merge` adds standard error. Raises ProgramError on a code other than 0, InputError when the
    program cannot be started or takes longer than `timeout` seconds.
    """
    try:
        done = subprocess.run(
            argv,
            env=env,
            cwd=cwd,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE,
            check=False,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise InputError(f"cannot start it: {error.strerror}", where=argv[0]) from error
    except subprocess.TimeoutExpired as error:
        raise InputError(f"gave no answer in {timeout:.0f} s", where=" ".join(argv)) from error
    if done.returncode != 0:
        raise ProgramError(argv, done.returncode, done.stdout + (done.stderr or ""))
    return done.stdout


@dataclass(frozen=True, kw_only=True)
class Spawn:
    """A long-running program: `argv` in folder `cwd` with exactly `env`; output goes to `log`."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    log: Path
    timeout: float | None = None


async def stream(spawn: Spawn, on_line: Callable[[str], None]) -> int:
    """Run a program to its end, appending its output to the log and telling it line by line.

    Returns the exit code (negative: killed by that signal). When the task is cancelled or the
    timeout passes, the whole process group is ended first: SIGTERM, then SIGKILL.
    """
    child = await _start(spawn)
    with spawn.log.open("ab") as log:
        reader = asyncio.ensure_future(_read_lines(child, log.write, on_line))
        try:
            async with asyncio.timeout(spawn.timeout):
                code = await child.wait()
        except TimeoutError:
            on_line(f"wheelforge: ended after its time limit of {spawn.timeout:.0f} s")
            await _end(child)
            code = -signal.SIGTERM
        except asyncio.CancelledError:
            await _end(child)
            reader.cancel()
            raise
        _signal_group(child.pid, signal.SIGKILL)  # what outlives its parent also holds our pipe
        with suppress(TimeoutError):
            await asyncio.wait_for(reader, GRACE_SECONDS)
    return code


async def _start(spawn: Spawn) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *spawn.argv,
            cwd=spawn.cwd,
            env=dict(spawn.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
    except OSError as error:
        raise InputError(f"cannot start it: {error.strerror}", where=spawn.argv[0]) from error


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _read_lines(
    child: asyncio.subprocess.Process,
    write: Callable[[bytes], object],
    on_line: Callable[[str], None],
) -> None:
    if child.stdout is None:
        return
    rest = b""
    while chunk := await child.stdout.read(1 << 16):
        write(chunk)
        *lines, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            on_line(line.decode(errors="replace"))
    if rest:
        on_line(rest.decode(errors="replace"))


async def _end(child: asyncio.subprocess.Process) -> None:
    _signal_group(child.pid, signal.SIGTERM)
    _signal_group(child.pid, signal.SIGCONT)
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(child.wait()), GRACE_SECONDS)
    _signal_group(child.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        await asyncio.wait_for(child.wait(), GRACE_SECONDS)


def _signal_group(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def end_marked(value: str) -> int:
    """Kill every process of ours that carries WHEELFORGE_STEP=`value`; how many there were.

    Build tools start compilers in groups of their own, and kill -9 of wheelforge leaves them
    running: they are found by the environment they inherited, and are gone when this returns.
    """
    wanted = f"{MARK}={value}".encode()
    killed = 0
    deadline = time.monotonic() + GRACE_SECONDS
    while victims := [pid for pid in _own_processes() if wanted in _environment(pid)]:
        for pid in victims:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    return killed


def _own_processes() -> list[int]:
    me = os.getpid()
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and int(entry.name) != me
    ]


def _environment(pid: int) -> list[bytes]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return []

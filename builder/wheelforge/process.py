"""The only place that starts programs.

Each runs in its own process group, dies with its parent, and carries WHEELFORGE_STEP in its
environment, so that whatever it leaves behind can be found and ended, also after kill -9.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wheelforge.errors import ForgeError, InputError

MARK = "WHEELFORGE_STEP"
TIME_LIMIT = "wheelforge: ended after its time limit"
GRACE_SECONDS = 5.0
DRAIN_SECONDS = 1.0
_CHUNK = 1 << 16
_LONGEST_LINE = 1 << 20  # what is longer is told in pieces
_LINE_END = re.compile(rb"\r\n|\n|\r(?=[^\n])")  # a \r at the end may be half of \r\n
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
    text: str = "",
) -> str:
    """Run a short helper program and return what it printed on standard output.

    It gets `text` on its standard input. `merge` adds standard error. Raises ProgramError on a code
    other than 0, InputError when the program cannot be started or takes longer than `timeout`
    seconds.
    """
    try:
        done = subprocess.run(
            argv,
            env=env,
            cwd=cwd,
            timeout=timeout,
            input=text,
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
    """A long-running program: `argv` in folder `cwd` with exactly `env`; output goes to `log`.

    It has the descriptors `inherited` beside the usual three.
    """

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    log: Path
    timeout: float | None = None
    inherited: Sequence[int] = ()


async def stream(spawn: Spawn, on_line: Callable[[str], None]) -> int:
    """Run a program to its end, appending its output to the log and telling it line by line.

    Returns the exit code (negative: killed by that signal). When it ends, is cancelled, exceeds
    its timeout or its output cannot be taken, nothing it started is left: its group is sent
    SIGTERM, then SIGKILL, and so is whatever carries its WHEELFORGE_STEP.
    """
    with spawn.log.open("ab") as log:

        def write(chunk: bytes) -> None:
            log.write(chunk)
            log.flush()  # somebody may be watching it

        code, late = await _supervise(spawn, _Output(write, on_line))
    if late:
        on_line(f"{TIME_LIMIT} of {spawn.timeout:.0f} s")
    return code


async def _supervise(spawn: Spawn, output: _Output) -> tuple[int, bool]:
    """The exit code, and whether the time limit passed."""
    child: asyncio.subprocess.Process | None = None
    limit = asyncio.timeout(spawn.timeout)
    try:
        child = await _start(spawn, output)
        async with limit:
            return await output.watch(child), False
    except TimeoutError:
        if not limit.expired():
            raise
        return -signal.SIGTERM, True
    finally:
        try:
            if child is not None:
                await _end(child)
        finally:
            if mark := spawn.env.get(MARK):
                end_marked(mark)
            await output.close()


async def _start(spawn: Spawn, output: _Output) -> asyncio.subprocess.Process:
    parent = os.getpid()

    def die_with_parent() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the kernel was told
            os._exit(1)

    try:
        return await asyncio.create_subprocess_exec(
            *spawn.argv,
            cwd=spawn.cwd,
            env=dict(spawn.env),
            stdin=subprocess.DEVNULL,
            stdout=output.writing,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=spawn.inherited,
            preexec_fn=die_with_parent,
        )
    except OSError as error:
        where = str(error.filename or spawn.argv[0])  # the program, or a folder that is missing
        raise InputError(f"cannot start it: {error.strerror}", where=where) from error
    finally:
        os.close(output.writing)


class _Output:
    """The pipe a program writes to. It may outlive the program: background children hold it too."""

    def __init__(self, write: Callable[[bytes], object], on_line: Callable[[str], None]) -> None:
        self._reading, self.writing = os.pipe()
        self._write = write
        self._on_line = on_line
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        os.set_blocking(self._reading, False)
        self._loop.add_reader(self._reading, self._read)

    async def watch(self, child: asyncio.subprocess.Process) -> int:
        """Wait for the program's end; raises when its output cannot be taken any more."""
        exited = asyncio.ensure_future(child.wait())
        try:
            both: set[asyncio.Future[Any]] = {exited, self._ended}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if self._ended.done():
                self._ended.result()
            return await exited
        finally:
            exited.cancel()

    async def close(self) -> None:
        """Take what is still in the pipe, if nobody holds it for longer than a moment."""
        try:
            await asyncio.wait({self._ended}, timeout=DRAIN_SECONDS)
        finally:
            self._loop.remove_reader(self._reading)
            os.close(self._reading)
        if not self._ended.done():
            self._end()
        self._ended.result()

    def _read(self) -> None:
        try:
            chunk = os.read(self._reading, _CHUNK)
            if chunk:
                self._write(chunk)
                self._tell(chunk)
            else:
                self._end()
        except BlockingIOError:
            return
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits
            self._loop.remove_reader(self._reading)
            if not self._ended.done():
                self._ended.set_exception(error)

    def _tell(self, chunk: bytes) -> None:
        """Tell whole lines; a carriage return, as progress bars write, ends one as well."""
        *lines, self._rest = _LINE_END.split(self._rest + chunk)
        for line in lines:
            self._on_line(line.decode(errors="replace"))
        if len(self._rest) > _LONGEST_LINE:
            rest, self._rest = self._rest, b""
            self._on_line(rest.decode(errors="replace"))

    def _end(self) -> None:
        self._loop.remove_reader(self._reading)  # at the end of a pipe it is always readable
        rest, self._rest = self._rest.rstrip(b"\r"), b""
        if rest:
            self._on_line(rest.decode(errors="replace"))
        if not self._ended.done():
            self._ended.set_result(None)


async def _end(child: asyncio.subprocess.Process) -> None:
    """End a program's group, whether or not the program itself has ended."""
    try:
        if child.returncode is None:
            _signal_group(child.pid, signal.SIGTERM)
            _signal_group(child.pid, signal.SIGCONT)
            with suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), GRACE_SECONDS)
    finally:
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
    killed: set[int] = set()
    deadline = time.monotonic() + GRACE_SECONDS
    while victims := [pid for pid in _other_processes() if wanted in _environment(pid)]:
        for pid in victims:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    return len(killed)


def _other_processes() -> list[int]:
    me = os.getpid()
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != me]  # noqa: PTH208


def _environment(pid: int) -> list[bytes]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return []

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wheelforge import process
from wheelforge.errors import InputError
from wheelforge.process import MARK, ProgramError, Spawn, capture, end_marked, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ENV = {"PATH": "/usr/bin:/bin"}
WAIT = 20.0
STUBBORN = (
    "import os, pathlib, signal, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "if len(sys.argv) > 2: os.setsid()\n"
    "pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))\n"
    "time.sleep(600)\n"
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.5)
    monkeypatch.setattr(process, "DRAIN_SECONDS", 0.5)


def run(
    tmp_path: Path,
    *argv: str,
    env: Mapping[str, str] = ENV,
    timeout: float | None = None,
    on_line: Callable[[str], None] | None = None,
) -> tuple[int, list[str]]:
    lines: list[str] = []
    spawn = Spawn(argv=argv, cwd=tmp_path, env=env, log=tmp_path / "log", timeout=timeout)
    code = asyncio.run(stream(spawn, on_line or lines.append))
    return code, lines


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code)


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < deadline, f"not within {WAIT} s: {what}"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in {"Z", "X"}


def zombies() -> list[str]:
    """Our children that ended and were not waited for."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = path.read_text(encoding="utf-8").rpartition(")")[2].split()
            if words[:2] == ["Z", str(os.getpid())]:
                found.append(str(path))
    return found


def written(path: Path) -> int:
    until(lambda: path.exists() and path.read_text(encoding="utf-8") != "", f"{path.name} is there")
    return int(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", -9), ("kill -TERM $$", -15)],
)
def test_the_exit_code_is_the_programs(tmp_path: Path, script: str, code: int) -> None:
    assert run(tmp_path, "sh", "-c", script) == (code, [])


@pytest.mark.parametrize(
    ("printed", "lines"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"no newline at the end", ["no newline at the end"]),
        (b"a\n\nb\n", ["a", "", "b"]),
        (b"dos\r\nline\r\n", ["dos", "line"]),
        (b"1%\r50%\r100%\n", ["1%", "50%", "100%"]),
        (b"still\r", ["still"]),
        (b"\xff\xfe caf\xe9\n", ["\ufffd\ufffd caf\ufffd"]),
        (b"\xe2\x82\xac" * 50_000 + b"\n", ["\N{EURO SIGN}" * 50_000]),
        (b"", []),
    ],
    ids=["plain", "bare", "empty", "crlf", "progress", "cr", "latin1", "long", "nothing"],
)
def test_output_comes_line_by_line_and_the_log_gets_the_bytes(
    tmp_path: Path, printed: bytes, lines: list[str]
) -> None:
    (tmp_path / "data").write_bytes(printed)
    (tmp_path / "log").write_bytes(b"before\n")
    assert run(tmp_path, "cat", "data") == (0, lines)
    assert (tmp_path / "log").read_bytes() == b"before\n" + printed


def test_standard_output_and_error_are_merged_in_order(tmp_path: Path) -> None:
    assert run(tmp_path, "sh", "-c", "echo 1; echo 2 >&2; echo 3")[1] == ["1", "2", "3"]


def test_a_line_cut_by_a_carriage_return_between_two_reads_stays_one(tmp_path: Path) -> None:
    code = "import os,time; os.write(1, b'a\\r'); time.sleep(.2); os.write(1, b'\\nb\\n')"
    assert run(tmp_path, *python(code))[1] == ["a", "b"]


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    code, lines = run(tmp_path, "sh", "-c", "head -c 3500000 /dev/zero | tr '\\0' x")
    assert (code, sum(map(len, lines))) == (0, 3_500_000)
    assert len(lines) > 2


def test_exactly_the_given_environment_is_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "tweet")
    given = {"PATH": "/usr/bin:/bin", "B": "2"}
    assert sorted(run(tmp_path, "env", env=given)[1]) == ["B=2", "PATH=/usr/bin:/bin"]


def test_a_missing_program_and_a_missing_folder_are_the_users_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no-such-program: cannot start it: No such file"):
        run(tmp_path, "no-such-program")
    with pytest.raises(InputError, match="absent/program: cannot start it"):
        run(tmp_path, str(tmp_path / "absent" / "program"))
    spawn = Spawn(argv=["true"], cwd=tmp_path / "gone", env=ENV, log=tmp_path / "log")
    with pytest.raises(InputError, match="gone: cannot start it"):
        asyncio.run(stream(spawn, print))


def test_a_timeout_ends_the_whole_group(tmp_path: Path) -> None:
    script = "sleep 600 & echo $! > child; wait"
    code, lines = run(tmp_path, "sh", "-c", script, timeout=0.3)
    assert code == -signal.SIGTERM
    assert lines[-1].startswith(process.TIME_LIMIT)
    assert not alive(written(tmp_path / "child"))


@pytest.mark.parametrize("session", [(), ("own",)], ids=["in the group", "in a session of its own"])
def test_cancelling_ends_children_that_ignore_sigterm(
    tmp_path: Path, session: tuple[str, ...]
) -> None:
    mark = str(tmp_path)
    pid_file = tmp_path / "child"
    (tmp_path / "stubborn.py").write_text(STUBBORN, encoding="utf-8")
    child = [sys.executable, "-I", "-S", "stubborn.py", str(pid_file), *session]
    code = f"import subprocess; subprocess.Popen({child!r}).wait()"
    spawn = Spawn(argv=python(code), cwd=tmp_path, env={**ENV, MARK: mark}, log=tmp_path / "log")

    async def scenario() -> int:
        task = asyncio.ensure_future(stream(spawn, print))
        pid = await asyncio.to_thread(written, pid_file)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return pid

    pid = asyncio.run(scenario())
    assert not alive(pid)
    assert end_marked(mark) == 0


def test_a_background_child_that_holds_the_pipe_does_not_hold_us(tmp_path: Path) -> None:
    """In a session of its own and without its mark it cannot be found, and may stay."""
    script = "echo before; setsid env -i sleep 600 & echo $! > child; exit 3"
    code, lines = run(tmp_path, "sh", "-c", script)
    pid = written(tmp_path / "child")
    os.kill(pid, signal.SIGKILL)
    assert (code, lines) == (3, ["before"])


def test_a_background_child_in_the_group_is_ended_with_the_program(tmp_path: Path) -> None:
    code, _ = run(tmp_path, "sh", "-c", "sleep 600 & echo $! > child; exit 0")
    assert code == 0
    pid = written(tmp_path / "child")
    until(lambda: not alive(pid), "the child is gone")


def test_output_that_cannot_be_taken_ends_the_program(tmp_path: Path) -> None:
    def full(line: str) -> None:
        raise OSError(28, line)

    with pytest.raises(OSError, match="Errno 28"):
        run(tmp_path, "sh", "-c", "echo $$ > child; yes", on_line=full)
    assert not alive(written(tmp_path / "child"))


def test_after_kill_9_the_program_ends_itself_and_the_rest_is_found_by_its_mark(
    tmp_path: Path,
) -> None:
    mark = str(tmp_path)
    (tmp_path / "stubborn.py").write_text(STUBBORN, encoding="utf-8")
    script = (
        f"{sys.executable} -I -S stubborn.py {tmp_path}/rest own &\n"
        f"echo $$ > {tmp_path}/direct; wait"
    )
    parent = (
        "import asyncio, os\nfrom pathlib import Path\nfrom wheelforge.process import *\n"
        f"env = {{**os.environ, MARK: {mark!r}}}\n"
        f"spawn = Spawn(argv=['sh', '-c', {script!r}], cwd=Path({str(tmp_path)!r}), env=env,"
        f" log=Path({str(tmp_path / 'log')!r}))\n"
        "asyncio.run(stream(spawn, print))\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent]) as forge:
        direct, rest = written(tmp_path / "direct"), written(tmp_path / "rest")
        forge.kill()
    until(lambda: not alive(direct), "what was started directly is gone")
    assert alive(rest)
    assert end_marked(mark) == 1
    assert not alive(rest)


def test_nothing_is_marked_for_a_value_nobody_carries() -> None:
    assert end_marked("/no/such/folder") == 0


def test_many_programs_leave_neither_descriptors_nor_zombies(tmp_path: Path) -> None:
    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    async def many(count: int) -> None:
        spawn = Spawn(argv=["true"], cwd=tmp_path, env=ENV, log=tmp_path / "log")
        for _ in range(count // 10):
            codes = await asyncio.gather(*(stream(spawn, print) for _ in range(10)))
            assert codes == [0] * 10

    asyncio.run(many(10))
    before = descriptors()
    asyncio.run(many(200))
    assert descriptors() == before
    assert not zombies()


def test_capture_returns_what_was_printed(tmp_path: Path) -> None:
    (tmp_path / "here").touch()
    assert capture(["ls"], cwd=tmp_path) == "here\n"
    assert capture(["sh", "-c", "echo out; echo err >&2"]) == "out\n"
    assert capture(["sh", "-c", "echo err >&2"], merge=True) == "err\n"
    assert capture(["printf", r"\377"]) == "\ufffd"


def test_capture_says_what_a_failing_program_printed() -> None:
    with pytest.raises(ProgramError, match="'sh' ended with code 3: out\n  why") as caught:
        capture(["sh", "-c", "echo out; echo why >&2; exit 3"])
    assert (caught.value.code, caught.value.output) == (3, "out\nwhy\n")
    with pytest.raises(InputError, match="nowhere: cannot start it"):
        capture(["nowhere"])
    with pytest.raises(InputError, match="sleep 600: gave no answer"):
        capture(["sleep", "600"], timeout=0.1)

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wheelforge.broker.jobserver import JobServer

needs_make = pytest.mark.skipif(not shutil.which("make"), reason="no make")
WAIT = 20.0
# Each recipe says that it runs, and ends when it is told to.
MAKEFILE = """
all: $(foreach n,1 2 3 4 5 6,job$(n))
job%:
	@touch $@.runs; while ! test -e $@.end && ! test -e all.end; do sleep 0.02; done; rm $@.runs
"""


@pytest.fixture
def server() -> Iterator[JobServer]:
    server = JobServer()
    yield server
    server.close()


class Make:
    """A make below the jobserver; without -j, as steps call it."""

    def __init__(self, folder: Path, server: JobServer) -> None:
        self.folder = folder
        (folder / "Makefile").write_text(MAKEFILE)
        self.process = subprocess.Popen(
            ["make"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "MAKEFLAGS": server.flags},
            pass_fds=server.descriptors,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def running(self) -> int:
        return len(list(self.folder.glob("*.runs")))

    def stays_at(self, count: int) -> bool:
        """`count` recipes run, and no other begins in a moment."""
        until(lambda: self.running() == count, f"{count} recipes run")
        time.sleep(0.1)
        return self.running() == count

    def end(self, name: str = "all") -> None:
        (self.folder / f"{name}.end").touch()

    def finish(self) -> str:
        self.end()
        out, _ = self.process.communicate(timeout=WAIT)
        assert self.process.returncode == 0, out
        return out

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=WAIT)


@pytest.fixture
def make(tmp_path: Path, server: JobServer) -> Iterator[Make]:
    make = Make(tmp_path, server)
    yield make
    if make.process.returncode is None:
        make.kill()


def until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.01)


@needs_make
def test_tokens_make_it_parallel_and_come_back(make: Make, server: JobServer) -> None:
    assert make.stays_at(1)
    server.lend(2)
    assert make.stays_at(3)
    assert server.unused() == 0
    assert server.withdraw(2) == 0
    out = make.finish()
    assert "warning" not in out
    assert "jobserver" not in out
    assert (server.unused(), server.lent) == (2, 2)
    assert server.withdraw(5) == 2
    assert (server.unused(), server.lent) == (0, 0)


@needs_make
def test_what_is_withdrawn_makes_it_slower_not_stuck(make: Make, server: JobServer) -> None:
    server.lend(3)
    assert make.stays_at(4)
    for name in [path.stem for path in make.folder.glob("*.runs")][:2]:
        make.end(name)
        until(lambda: not (make.folder / f"{name}.runs").exists(), f"{name} ended")  # noqa: B023
        server.withdraw(9)  # make may have been quicker
    make.finish()
    assert server.unused() == server.lent <= 3


@needs_make
def test_a_killed_make_leaks_only_what_its_own_step_was_lent(make: Make, server: JobServer) -> None:
    other = JobServer()
    try:
        other.lend(2)
        server.lend(2)
        assert make.stays_at(3)
        make.kill()
        assert server.unused() == 0
        assert server.lent == 2  # with the dead: known until the step ends
        assert other.withdraw(2) == 2
    finally:
        other.close()


def test_withdraw_takes_only_what_nobody_took(server: JobServer) -> None:
    assert server.withdraw(1) == 0  # from an empty pipe, and it does not wait
    assert server.withdraw(0) == 0
    server.lend(5)
    reading, writing = server.descriptors
    assert os.read(reading, 2) == b"++"
    assert server.unused() == 3
    assert server.withdraw(2) == 2
    assert server.withdraw(9) == 1
    assert server.lent == 2
    os.write(writing, b"++")
    assert server.withdraw(9) == 2
    assert server.lent == 0


def test_what_was_promised_may_be_gone(server: JobServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "unused", lambda: 3)
    assert server.withdraw(server.unused()) == 0


def test_clients_still_wait_for_tokens(server: JobServer) -> None:
    """O_NONBLOCK belongs to an open file: it must not be set on the one that clients read."""
    server.lend(1)
    server.withdraw(1)
    reading, _ = server.descriptors
    assert os.get_blocking(reading)
    got: list[bytes] = []
    client = threading.Thread(target=lambda: got.append(os.read(reading, 1)), daemon=True)
    client.start()
    server.withdraw(1)
    client.join(0.1)
    assert client.is_alive()
    server.lend(1)
    client.join(WAIT)
    assert got == [b"+"]


def test_closing_leaves_no_descriptor() -> None:
    server = JobServer()
    server.lend(1)
    descriptors = server.descriptors
    server.close()
    assert server.lent == 0
    for descriptor in descriptors:
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(descriptor)

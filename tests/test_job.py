from __future__ import annotations

import asyncio
import errno
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobs import KEY, PATH, Bench, build_step, shell
from wheelforge import atomic, process
from wheelforge.building import build
from wheelforge.errors import BuildError, InputError
from wheelforge.events import Progress
from wheelforge.history import Record
from wheelforge.job import Job, Stamps, fresh, link_programs
from wheelforge.job import folder as folder_module
from wheelforge.job.meter import Meter
from wheelforge.recipe import Install

if TYPE_CHECKING:
    from collections.abc import Sequence

STEP = build_step(shell("one", "touch made"), install=Install(keep=("made",)))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def run(bench: Bench, *scripts: str, offline: bool = False) -> Job:
    """Run shell commands as parts of one step."""
    job = bench.job(STEP)

    async def go() -> None:
        for number, script in enumerate(scripts):
            command = shell(f"c{number}", script, offline=offline)
            await job.run(command, {"src": str(bench.tree)}, PATH)

    asyncio.run(go())
    return job


@pytest.mark.parametrize(
    ("expected", "lines", "progress"),
    [
        (0, ["[1/20] Building C object a.o", "[20/20] Linking"], [(1, 20), (20, 20)]),
        (0, ["[  7%] Building CXX", "[100%] Built target"], [(7, 100), (100, 100)]),
        (0, ["gcc -O2 -c a.c", "g++ -c b.cpp -o b.o", "gcc a.o b.o"], [(1, 0), (2, 0)]),
        (3, ["/usr/bin/aarch64-linux-gnu-gcc-12 -c a.c"], [(1, 3)]),
        (1, ["cc -O -c a.c", "cc -O -c b.c"], [(1, 1), (2, 0)]),
        (0, ["[1/2] gcc -c a.c", "gcc -c b.c"], [(1, 2)]),
        (0, ["  CC       src/a.o", "clang++ -v -c x.cc", "FCC -Nclang -c y.cc"],
         [(1, 0), (2, 0), (3, 0)]),
        (0, ["checking for gcc... gcc", "see [1/2] there", "cc: error", "accurate -c ount"], []),
    ],
)  # fmt: skip
def test_progress_is_read_out_of_build_output(
    expected: int, lines: Sequence[str], progress: list[tuple[int, int]]
) -> None:
    found: list[tuple[int, int]] = []
    meter = Meter(lambda done, total: found.append((done, total)), expected)
    for line in lines:
        meter.read(line)
    assert found == progress


def test_compiles_are_counted_for_the_next_run(bench: Bench) -> None:
    script = "echo gcc -c a.c; echo gcc -c b.c; touch made"
    step = build_step(shell("one", script), install=Install(keep=("made",)))
    for _ in range(2):
        asyncio.run(build(bench.job(step), step))
        bench.store.discard(bench.store.place(KEY, "demo", "1.0"))
    progress = [(event.done, event.total) for event in bench.told(Progress)]
    assert progress == [(1, 0), (2, 0), (1, 2), (2, 2)]
    found = bench.history.get("build:demo")
    assert found == Record(found.seconds if found else 0, 2)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("exit 7", r"c0 failed with exit code 7: \(it printed nothing\)"),
        ("echo bye; kill -9 $$", "c0 was killed by signal 9: bye"),
        ("echo 'a.c:1: error: x'; exit 1", "c0 failed with exit code 1: a.c:1: error: x"),
    ],
)
def test_a_command_that_fails(bench: Bench, script: str, says: str) -> None:
    with pytest.raises(BuildError, match=f"build:demo: {says}"):
        run(bench, script)


def test_after_a_command_nothing_of_it_is_left(bench: Bench) -> None:
    job = run(bench, f"setsid sh -c 'echo $$ > {bench.root}/pid; exec sleep 600' & "
              f"while ! test -s {bench.root}/pid; do sleep 0.01; done")  # fmt: skip
    pid = int((bench.root / "pid").read_text())
    assert f"{process.MARK}={job.mark}".encode() not in process._environment(pid)
    assert process.end_marked(job.mark) == 0


def test_two_homes_do_not_end_each_others_programs(tmp_path: Path) -> None:
    """The same build may run twice on one machine, for two users or two tests."""
    benches = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        benches.append(Bench(tmp_path / name))

    async def both() -> None:
        async def one(bench: Bench, script: str) -> None:
            await bench.job(STEP).run(shell("x", script), {"src": str(bench.tree)}, PATH)

        slow = f"touch {tmp_path}/started; while ! test -e {tmp_path}/end; do sleep 0.01; done"
        task = asyncio.ensure_future(one(benches[0], slow))
        async with asyncio.timeout(20):
            while not (tmp_path / "started").exists():  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.01)
        async with benches[1].job(STEP).alone():
            await one(benches[1], "true")
        (tmp_path / "end").touch()
        await task

    asyncio.run(both())


def test_what_an_earlier_run_left_alive_is_ended_before_the_folder_is_entered(
    bench: Bench,
) -> None:
    job = bench.job(STEP)

    async def scenario() -> int:
        child = await asyncio.create_subprocess_exec("sleep", "600", env={process.MARK: job.mark})
        while process.MARK.encode() not in b"".join(process._environment(child.pid)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # forked, and not yet the other program
        async with job.alone():
            return await child.wait()

    assert asyncio.run(scenario()) == -9


@pytest.mark.parametrize("error", [NotImplementedError(), OSError(errno.ENOSYS, "no locks here")])
def test_where_locks_do_not_work_the_folder_is_private(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class NoLock:
        def acquire(self, **_: object) -> None:
            raise error

    monkeypatch.setattr(folder_module, "work_lock", lambda *_: NoLock())
    job = bench.job(STEP)

    async def scenario() -> Path:
        async with job.alone():
            return job.work

    work = asyncio.run(scenario())
    assert work.name.startswith(f"{KEY[:20]}-{socket.gethostname()}-")
    assert atomic.abandoned(work.name) is False


def test_a_home_that_cannot_be_written_is_told(bench: Bench) -> None:
    (bench.root / "file").touch()
    bench.home = bench.root / "file" / "home"
    job = bench.job(STEP)

    async def scenario() -> None:
        async with job.alone():
            pass

    with pytest.raises(InputError, match="WHEELFORGE_HOME"):
        asyncio.run(scenario())


def test_blocking_work_lets_others_go_on_and_hands_on_what_came_of_it(bench: Bench) -> None:
    job = bench.job(STEP)

    async def scenario() -> tuple[str, int]:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.001)

        counting = asyncio.ensure_future(count())
        result = await job.blocking(lambda: threading.Event().wait(0.2))
        counting.cancel()
        with pytest.raises(ZeroDivisionError):
            await job.blocking(lambda: 1 // 0)
        return str(result), turns

    result, turns = asyncio.run(scenario())
    assert result == "False"
    assert turns > 3


def test_stamps_belong_to_exactly_one_command(tmp_path: Path) -> None:
    stamps = Stamps(tmp_path / "done")
    one = shell("one", "true")
    assert not stamps.done(one)
    stamps.set(one)
    assert Stamps(tmp_path / "done").done(one)
    assert not stamps.done(shell("one", "false"))
    assert not stamps.done(shell("two", "true"))
    stamps.set(shell("one", "false"))
    assert not stamps.done(one)


def test_fresh_folders_and_programs(tmp_path: Path) -> None:
    (tmp_path / "bin" / "old").mkdir(parents=True)
    link_programs(tmp_path / "bin", {"tool": "/bin/sh"})
    assert [path.name for path in (tmp_path / "bin").iterdir()] == ["tool"]
    assert (tmp_path / "bin" / "tool").readlink() == Path("/bin/sh")
    assert list(fresh(tmp_path / "bin").iterdir()) == []

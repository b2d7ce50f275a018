from __future__ import annotations

import asyncio
import math
import os
import shutil
import signal
import struct
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from gates import GIB, WAIT, Site, alive, stopped, until
from wheelforge.broker import FETCHES_AT_ONCE, Seat, Wish
from wheelforge.broker.unit import unit_of
from wheelforge.events import MemoryPressure, UnitFinished

pytestmark = pytest.mark.usefixtures("temporary")


def run(site: Site, scenario: Callable[[], Awaitable[None]]) -> None:
    async def go() -> None:
        async with site.open():
            await scenario()

    asyncio.run(asyncio.wait_for(go(), 3 * WAIT))


def test_slots_are_one_budget_for_all_steps(tmp_path: Path, program: Path) -> None:
    site = Site(tmp_path, program, jobs=3)

    async def scenario() -> None:
        async with site.seat("build:a") as a, site.seat("build:b") as b:
            gates = [await site.compile(a, f"a{number}") for number in range(4)]
            await until(lambda: len(site.running(a, b)) == 2, "a has two, the third is b's own")
            gates += [await site.compile(b, f"b{number}") for number in range(4)]
            await until(lambda: len(site.running(a, b)) == 3, "b has its own")
            await until(lambda: len(site.keeper._desk.requests) == 8, "all have asked")
            assert (len(site.running(a)), len(site.running(b))) == (2, 1)
            site.end(a)
            await until(lambda: len(site.running(b)) >= 2, "what a leaves is b's")
            assert len(site.running(a, b)) <= 3
            site.end(b)
            assert [(await gate.said()) for gate in gates] == [(0, "")] * 8

    run(site, scenario)
    assert sorted(event.source for event in site.told(UnitFinished)) == [
        *(f"a{number}.c" for number in range(4)), *(f"b{number}.c" for number in range(4)),
    ]  # fmt: skip
    assert {event.step for event in site.told(UnitFinished)} == {"build:a", "build:b"}


def test_a_step_never_compiles_more_at_once_than_it_stands(site: Site) -> None:
    async def scenario() -> None:
        async with site.seat(most=1) as seat:
            gates = [await site.compile(seat, name) for name in "abc"]
            await until(lambda: len(site.keeper._desk.requests) == 3, "all have asked")
            for _ in range(3):
                await until(lambda: site.running(seat), "one runs")
                assert len(site.running(seat)) == 1
                name = site.running(seat)[0]
                site.end(seat, name)
                await until(lambda: name not in site.running(seat), "it ended")  # noqa: B023
            assert [(await gate.said())[0] for gate in gates] == [0, 0, 0]
            assert seat.server.lent == 0  # nor does a make below it get tokens for more

    run(site, scenario)


@pytest.mark.parametrize("whom", ["gate", "compiler"])
def test_the_slot_of_what_is_killed_comes_back(tmp_path: Path, program: Path, whom: str) -> None:
    site = Site(tmp_path, program, jobs=1)

    async def scenario() -> None:
        async with site.seat() as seat:
            first = await site.compile(seat, "first")
            await until(lambda: site.running(seat) == ["first"], "it runs")
            second = await site.compile(seat, "second")
            compiler = site.pid(seat, "first")
            if whom == "gate":
                os.kill(first.child.pid, signal.SIGKILL)
            else:
                for tries in (1, 2, 3):
                    await until(lambda: site.tries(seat, "first") == tries, "tried again")  # noqa: B023
                    await until(lambda: "first" in site.running(seat), "it runs")
                    compiler = site.kill_compiler(seat, "first")
            await until(lambda: "second" in site.running(seat), "the next has its slot")
            assert not alive(compiler)
            site.end(seat)
            assert await second.said() == (0, "")
            code, _ = await first.said()
            assert code == (-signal.SIGKILL if whom == "gate" else 128 + signal.SIGKILL)

    run(site, scenario)


def test_what_others_kill_is_tried_again_and_then_fails_as_killed(site: Site) -> None:
    async def scenario() -> None:
        async with site.seat() as seat:
            victim = await site.compile(seat, "a")
            for tries in (1, 2, 3):
                await until(lambda: site.running(seat) == ["a"], "it runs")
                assert site.tries(seat, "a") == tries
                site.put(seat, "a.o")
                site.kill_compiler(seat, "a")
            assert (await victim.said())[0] == 128 + signal.SIGKILL
            (failure,) = seat.failures
            assert failure.killed
            assert (failure.unit.source, failure.unit.output) == ("a.c", "a.o")
            assert failure.argv[1:] == ("-c", "a.c", "-o", "a.o")
            assert not site.has(seat, "a.o"), "half of it looks like all of it"

    run(site, scenario)
    (event,) = site.told(UnitFinished)
    assert (event.attempts, event.code) == (3, 137)


def test_a_compile_that_fails_says_so_once(site: Site) -> None:
    async def scenario() -> None:
        async with site.seat() as seat:
            site.end(seat)
            site.put(seat, "a.bad")
            assert await (await site.compile(seat, "a")).said() == (1, "a.c:1: error: bad\n")
            assert site.tries(seat, "a") == 1
            (failure,) = seat.failures
            assert not failure.killed
            assert failure.said == "a.c:1: error: bad\n"
            assert failure.cwd == seat.work

    run(site, scenario)


def test_trials_are_not_told(site: Site) -> None:
    async def scenario() -> None:
        async with site.seat() as seat:
            site.end(seat)
            site.put(seat, "conftest.bad")
            assert (await (await site.compile(seat, "conftest")).said())[0] == 1
            assert seat.failures == []

    run(site, scenario)
    assert site.told(UnitFinished) == []


def test_short_of_memory_the_young_stand_and_go_on_again(tmp_path: Path, program: Path) -> None:
    site = Site(tmp_path, program, jobs=3)

    async def scenario() -> None:
        async with site.seat() as seat:
            gates = []
            for name in "abc":
                gates.append(await site.compile(seat, name))
                await until(lambda: name in site.running(seat), name)  # noqa: B023
            pids = [site.pid(seat, name) for name in "abc"]
            site.room.free = int(0.2 * GIB)  # less than is kept free, and more than nothing
            await until(lambda: stopped(pids[1]) and stopped(pids[2]), "the young ones stand")
            assert not stopped(pids[0])
            late = await site.compile(seat, "d")
            site.end(seat, "a")
            assert await gates[0].said() == (0, "")
            await until(lambda: not stopped(pids[1]), "the oldest goes on, however little there is")
            assert stopped(pids[2])
            assert "d" not in site.running(seat), "nothing starts beside one that stands"
            site.room.free = 10 * GIB
            site.end(seat)
            assert [await gate.said() for gate in (*gates[1:], late)] == [(0, "")] * 3

    run(site, scenario)
    told = [(event.action, event.source) for event in site.told(MemoryPressure)]
    assert told[:3] == [("frozen", "b.c"), ("frozen", "c.c"), ("resumed", "b.c")]
    assert ("resumed", "c.c") in told
    assert not any(action == "killed" for action, _ in told)


def test_out_of_memory_the_youngest_is_killed_and_made_again_with_twice_the_claim(
    site: Site,
) -> None:
    async def scenario() -> None:
        async with site.seat(estimate=GIB) as seat:
            old = await site.compile(seat, "old")
            await until(lambda: site.running(seat) == ["old"], "it runs")
            young = await site.compile(seat, "young")
            await until(lambda: site.running(seat) == ["old", "young"], "both run")
            site.room.free = 0
            desk = site.keeper._desk
            await until(lambda: desk.budget.waiting, "it waits again")
            (waiting,) = desk.budget.waiting
            assert waiting.claim.mean >= GIB  # twice the half of the recipe's estimate
            assert waiting.claim.deviation == 0
            assert site.tries(seat, "young") == 1
            assert [task.frozen for task in desk.budget.running] == [False]
            site.room.free = 10 * GIB
            await until(lambda: site.tries(seat, "young") == 2, "it is started again")
            site.end(seat)
            assert await old.said() == (0, "")
            assert await young.said() == (0, ""), "the build tool never hears of it"

    run(site, scenario)
    assert [event.action for event in site.told(MemoryPressure)] == ["killed"]
    assert {event.source: event.attempts for event in site.told(UnitFinished)} == {
        "old.c": 1, "young.c": 2,
    }  # fmt: skip


def test_a_frozen_one_whose_gate_is_killed_gives_back_its_slot(site: Site) -> None:
    async def scenario() -> None:
        async with site.seat() as seat:
            gates = []
            for name in "ab":
                gates.append(await site.compile(seat, name))
                await until(lambda: name in site.running(seat), name)  # noqa: B023
            pid = site.pid(seat, "b")
            site.room.free = int(0.2 * GIB)
            await until(lambda: stopped(pid), "it stands")
            gates[1].child.kill()
            await until(lambda: len(site.keeper._desk.budget.running) == 1, "it is gone")
            assert not alive(pid)
            site.end(seat)
            assert await gates[0].said() == (0, "")

    run(site, scenario)


def test_what_is_there_already_is_not_made_again(site: Site) -> None:
    async def scenario() -> None:
        for _ in range(2):
            async with site.seat() as seat:
                site.end(seat)
                assert await (await site.compile(seat, "a")).said() == (0, "")
                site.remove(seat, "a.o")
        async with site.seat() as seat:
            assert await (await site.compile(seat, "a")).said() == (0, "")
            assert site.tries(seat, "a") == 1
            assert site.has(seat, "a.o")
            site.put(seat, "a.c")
            assert await (await site.compile(seat, "a")).said() == (0, "")
            assert site.tries(seat, "a") == 2

    run(site, scenario)
    assert [event.reused for event in site.told(UnitFinished)] == [False, True, True, False]


def test_what_was_not_finished_is_removed_before_the_folder_is_entered_again(site: Site) -> None:
    async def scenario() -> None:
        async with site.seat() as seat:
            await site.compile(seat, "a")
            await until(lambda: site.running(seat) == ["a"], "it runs")
            site.put(seat, "a.o")
            pid = site.pid(seat, "a")
        await until(lambda: not alive(pid), "it was ended")
        async with site.seat() as seat:
            assert seat.journal.cleaned == [f"{seat.work}/a.o"]

    run(site, scenario)


def test_a_step_that_ends_hangs_up_on_everything_it_left(site: Site) -> None:
    async def scenario() -> None:
        async with site.seat("build:b") as other:
            kept = await site.compile(other, "kept")
            async with site.seat() as seat:
                gates = [await site.compile(seat, name) for name in "abcd"]
                await until(lambda: len(site.keeper._desk.requests) == 5, "all have asked")
                await until(lambda: site.running(seat), "one runs")
                pids = [site.pid(seat, name) for name in site.running(seat)]
            for gate in gates:
                code, said = await gate.said()
                assert code == 1
                assert "wheelforge is gone" in said
            assert not any(map(alive, pids))
            assert len(site.keeper._desk.requests) == 1
            assert other.server.unused() == 1, "its slot is lent to the other"
            site.end(other)
            assert await kept.said() == (0, "")

    run(site, scenario)


def test_a_stranger_is_hung_up_on(site: Site) -> None:
    async def scenario() -> None:
        async with site.seat() as seat:
            gate = await site.start(
                seat, site.gate, site.compiler, "-c", "a.c", "-o", "a.o", WHEELFORGE_STEP="else's"
            )
            code, said = await gate.said()
            assert (code, "wheelforge is gone" in said) == (1, True)
            assert not site.has(seat, "a.tries")

    run(site, scenario)


def message(*fields: str | bytes) -> bytes:
    data = b"\0".join(os.fsencode(field) for field in fields)
    return struct.pack(">I", len(data)) + data


def test_garbage_is_survived(site: Site) -> None:
    async def scenario() -> None:
        async with site.seat() as seat:
            asks = message("ask", "compile", "1", seat.mark, seat.work, "", "cc", "-c", "a.c")
            unit = unit_of("compile", seat.work, ("cc", "-c", "a.c"), seat.work)
            go = f"go {seat.journal.dependencies(unit)}\n".encode()
            refused = [
                b"GET / HTTP/1.1\r\n\r\n",
                struct.pack(">I", 0xFFFFFFFF),
                message(""),
                message("ask"),
                message("started", "x"),
                message("ended", "not", "a", "number", "0", "0", ""),
                message("ended", "9" * 40, "1", "1", "1", "0", ""),
                message(b"\xff\xfe"),
                asks + asks,
                asks + message("ended", "127", "1", "1", "1", "0", ""),
            ]
            cut_off = [
                struct.pack(">I", 100) + b"too little",
                message("ended", "0", "1", "1", "1", "0", "", "of nothing"),
                *(asks[:end] for end in range(0, len(asks) + 1, 7)),
                asks,
            ]
            for line in (*refused, *cut_off):
                reader, writer = await asyncio.open_unix_connection(site.keeper.socket)
                writer.write(line)
                if line in cut_off:
                    writer.write_eof()
                with suppress(ConnectionResetError):
                    assert await asyncio.wait_for(reader.read(), WAIT) in {b"", go}
                writer.close()
            await until(lambda: not site.keeper._desk.requests, "no slot is lost")
            assert site.keeper._budget.running == []
            site.end(seat)
            assert await (await site.compile(seat, "a")).said() == (0, "")

    run(site, scenario)


@pytest.mark.skipif(not shutil.which("make"), reason="no make")
def test_a_make_below_the_jobserver_pays_for_its_compiles(tmp_path: Path, program: Path) -> None:
    site = Site(tmp_path, program, jobs=3)

    async def scenario() -> None:
        async with site.seat() as seat:
            for number in range(6):
                site.put(seat, f"m{number}.c")
            site.put(
                seat,
                "Makefile",
                "all: $(foreach n,0 1 2 3 4 5,m$(n).o)\n"
                f"%.o: %.c\n\t@{site.gate} {site.compiler} -c $< -o $@\n",
            )
            site.keeper._desk.go_on()
            make = await site.start(seat, "make", MAKEFLAGS=seat.server.flags)
            await until(lambda: len(site.running(seat)) == 3, "three compile")
            budget = site.keeper._budget
            assert [task.paid for task in budget.running] == [True] * 3
            assert (budget.free, len(budget.waiting)) == (0, 0)
            waiting, leave = waits(site, "build:b")
            await until(lambda: site.keeper._desk.longed_for, "another step waits")
            site.end(seat)
            assert await make.said() == (0, "")
            await until(lambda: "build:b" in budget.places, "a token came back, for its place")
            assert seat.server.lent < 2
            leave.set()
            await waiting

    run(site, scenario)
    assert len(site.told(UnitFinished)) == 6


def gate_alone(site: Site, seat: Seat, name: str) -> subprocess.Popen[bytes]:
    words = [str(site.gate), "/bin/true", "-c", f"{name}.c", "-o", f"{name}.o"]
    return subprocess.Popen(words, cwd=seat.work, env=site.env(seat))


def test_two_hundred_gates_at_once(site: Site) -> None:
    async def scenario() -> None:
        async with site.seat() as seat:
            gates = [gate_alone(site, seat, f"a{number}") for number in range(200)]
            while any(gate.poll() is None for gate in gates):
                assert len(site.keeper._budget.running) <= 2
                await asyncio.sleep(0.01)
            assert {gate.returncode for gate in gates} == {0}
            await until(lambda: not site.keeper._desk.requests, "what they said last was read")

    run(site, scenario)
    assert len(site.told(UnitFinished)) == 200


def waits(site: Site, step: str, priority: float = 0.0) -> tuple[asyncio.Task[None], asyncio.Event]:
    """A step that wants a place, and leaves it when the event is set."""
    leave = asyncio.Event()

    async def sit() -> None:
        async with site.seat(step, priority=priority):
            await leave.wait()

    return asyncio.ensure_future(sit()), leave


def test_a_few_steps_get_ready_beyond_the_places_there_are(site: Site) -> None:
    async def scenario() -> None:
        leases = [site.admit(f"build:{number}") for number in range(5)]
        assert [lease is not None for lease in leases] == [True] * 4 + [False]
        assert site.keeper._budget.free == 2, "who gets ready has no place yet"
        assert leases[0] is not None
        site.keeper.release(leases[0])
        assert site.admit("build:4") is not None

    run(site, scenario)


def test_places_go_to_the_most_urgent_that_waits(site: Site) -> None:
    async def scenario() -> None:
        places = site.keeper._budget.places
        async with site.seat("build:a"), site.seat("build:b"):
            low, let_low = waits(site, "build:low", 1.0)
            high, let_high = waits(site, "build:high", 5.0)
            await until(lambda: site.keeper._budget.longing == 5.0, "both wait")
            assert set(places) == {"build:a", "build:b"}
            asked = site.asked_again
        await until(lambda: len(places) == 2, "both places were given")
        assert set(places) == {"build:low", "build:high"}
        assert site.asked_again == asked + 2, "others may get ready now"
        assert site.keeper._budget.longing == -math.inf
        for event in (let_low, let_high):
            event.set()
        await asyncio.gather(low, high)
        assert not places

    run(site, scenario)


def test_a_step_that_is_stopped_while_it_waits_leaves_nothing(site: Site) -> None:
    async def scenario() -> None:
        async with site.seat("build:a"), site.seat("build:b"):
            waiting, _ = waits(site, "build:c", 5.0)
            await until(lambda: site.keeper._budget.longing == 5.0, "it waits")
            waiting.cancel()
            await asyncio.sleep(0)  # its future is cancelled, and it has not heard of it
            site.keeper._desk.go_on()
            with suppress(asyncio.CancelledError):
                await waiting
            assert site.keeper._budget.longing == -math.inf
        assert not site.keeper._budget.places

    run(site, scenario)


def test_a_waiting_step_comes_before_more_compiles_of_less_urgent_ones(site: Site) -> None:
    async def scenario() -> None:
        async with site.seat() as seat:
            gates = [await site.compile(seat, name) for name in "abc"]
            await until(lambda: len(site.running(seat)) == 2, "both jobs are used")
            waiting, leave = waits(site, "build:b", 5.0)
            await until(lambda: site.keeper._budget.longing == 5.0, "it waits")
            site.end(seat, site.running(seat)[0])
            await until(lambda: "build:b" in site.keeper._budget.places, "it has a place")
            assert len(site.keeper._budget.running) == 1, "no other compile of a"
            leave.set()
            await waiting
            site.end(seat)
            assert [(await gate.said())[0] for gate in gates] == [0, 0, 0]

    run(site, scenario)


def test_what_compiles_nothing_takes_no_place(site: Site) -> None:
    fetch = Wish(jobs=0, memory_per_job=0, step="fetch:x", builds=False)
    check = Wish(jobs=1, memory_per_job=0, step="check:x", builds=False)
    leases = [site.keeper.admit(fetch, ()) for _ in range(FETCHES_AT_ONCE)]
    assert all(leases)
    assert site.keeper.admit(fetch, ()) is None
    assert site.keeper.admit(check, ()) is not None
    assert site.keeper._budget.free == 2
    assert leases[0] is not None
    site.keeper.release(leases[0])
    assert site.keeper.admit(fetch, ()) is not None


def test_what_a_compile_took_is_known_to_the_next_run(site: Site) -> None:
    async def scenario() -> None:
        async with site.seat() as seat:
            site.end(seat)
            await (await site.compile(seat, "a")).said()

    run(site, scenario)
    assert (site.root / "peaks" / "demo.json").is_file()
    (event,) = site.told(UnitFinished)
    assert event.peak > 100_000
    assert event.seconds > 0
    assert (event.kind, event.source, event.output, event.code) == ("compile", "a.c", "a.o", 0)


def test_the_socket_is_its_owners_alone(site: Site, temporary: Path) -> None:
    async def scenario() -> None:
        assert site.keeper.socket.parent.parent == temporary
        assert site.keeper.socket.parent.stat().st_mode & 0o077 == 0

    run(site, scenario)
    assert not site.keeper.socket.exists()


def test_a_place_is_kept_for_a_more_urgent_step_that_is_nearly_ready(
    tmp_path: Path, program: Path
) -> None:
    site = Site(tmp_path, program, jobs=1)

    async def scenario() -> None:
        places = site.keeper._budget.places
        urgent = site.admit("build:urgent", priority=5.0)
        assert urgent is not None
        low, let_low = waits(site, "build:low", 1.0)
        await asyncio.sleep(0)
        assert not places, "the only place is not for the first that comes"
        await site.keeper._places.take("build:urgent")
        assert set(places) == {"build:urgent"}
        site.keeper.release(urgent)
        await until(lambda: "build:low" in places, "and then the other")
        let_low.set()
        await low

    run(site, scenario)


def test_a_place_is_not_kept_for_long(tmp_path: Path, program: Path) -> None:
    site = Site(tmp_path, program, jobs=1)

    async def scenario() -> None:
        assert site.admit("build:urgent", priority=5.0) is not None
        low, let_low = waits(site, "build:low", 1.0)
        await until(lambda: site.keeper._budget.places, "who is ready goes first after all")
        let_low.set()
        await low

    run(site, scenario)

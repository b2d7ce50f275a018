from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from runs import BEGAN, GIB, Story, stack, write

from builders import refusal
from wheelforge.events import (
    Load,
    RunFinished,
    RunStarted,
    Status,
    StepFinished,
    StepStarted,
    UnitFinished,
)
from wheelforge.report import Ending, Result, Timeline, figures, read

if TYPE_CHECKING:
    from pathlib import Path

    from wheelforge.events import Event
    from wheelforge.report import StepLine

SMALL = {"build:acl": 30, "build:openblas": 20, "build:torch": 50}


def story(**more: object) -> Story:
    return Story(units=SMALL, jobs=4, **more)  # type: ignore[arg-type]


def line_of(folder: Path, events: list[Event], tail: bytes = b"", **more: bool) -> Timeline:
    return read(write(folder, stack(), events, tail), **more)


def step(line: Timeline, name: str) -> StepLine:
    return next(step for step in line.steps if step.id == name)


def test_a_good_run(tmp_path: Path) -> None:
    events = story().events()
    line = line_of(tmp_path / "run", events)
    assert (line.result, line.jobs, line.unread) == (Result.DONE, 4, 0)
    assert line.began == BEGAN
    assert line.wall == pytest.approx(events[-1].at - BEGAN)
    assert [step.id for step in line.steps] == [step.id for step in stack().steps]
    torch = step(line, "build:torch")
    assert torch.ending is Ending.BUILT
    assert torch.needs == stack().step("build:torch").needs  # type: ignore[union-attr]
    assert torch.why == "never built"
    assert torch.log == "/runs/logs/build:torch.log"
    assert [command.label for command in torch.commands] == ["configure", "build"]
    configure, build = torch.commands
    assert configure.end == build.start
    assert build.end == torch.end
    cached = step(line, "fetch:openblas")
    assert (cached.ending, cached.start, cached.seconds) == (Ending.CACHED, None, 0)
    assert "in the store before" in cached.why


def test_a_failed_run_names_what_it_took_with_it(tmp_path: Path) -> None:
    line = line_of(tmp_path / "run", story(failing="build:torch").events())
    assert line.result is Result.FAILED
    assert "kernel.cpp:3: error: x" in step(line, "build:torch").detail
    skipped = step(line, "repair:torch")
    assert (skipped.ending, skipped.start) == (Ending.SKIPPED, None)
    assert skipped.detail == "because build:torch failed"


@pytest.mark.parametrize(
    ("running", "result", "ending", "later"),
    [
        (False, Result.KILLED, Ending.INTERRUPTED, Ending.SKIPPED),
        (True, Result.RUNNING, Ending.RUNNING, Ending.WAITING),
    ],
)
def test_a_run_without_an_end(
    tmp_path: Path, running: bool, result: Result, ending: Ending, later: Ending
) -> None:
    events = story().events()
    cut = next(
        number
        for number, event in enumerate(events)
        if isinstance(event, UnitFinished) and event.step == "build:torch"
    )
    line = line_of(tmp_path / "run", events[:cut], running=running)
    assert line.result is result
    torch = step(line, "build:torch")
    assert (torch.ending, torch.end) == (ending, line.wall)
    assert step(line, "build:acl").ending is Ending.BUILT
    assert step(line, "repair:torch").ending is later


def test_a_run_that_was_stopped(tmp_path: Path) -> None:
    stopped = [
        RunStarted(at=1.0, run="r", steps=("build:acl",), jobs=2, memory=0, estimates={}),
        StepStarted(at=2.0, step="build:acl", log="/log", jobs=2),
        StepFinished(at=5.0, step="build:acl", status=Status.INTERRUPTED, seconds=3.0),
        RunFinished(at=5.0, run="r", seconds=4.0, ok=False),
    ]
    line = line_of(tmp_path / "run", stopped)
    assert line.result is Result.INTERRUPTED
    assert step(line, "build:acl").seconds == 3.0


def test_what_cannot_be_read_is_counted_and_the_rest_is_taken(tmp_path: Path) -> None:
    tail = (
        b'{"event":"of-a-newer-version","at":5,"more":1}\n'
        b'{"event":"notice","at":6,"text":"\xff"}\n\n'
        b'{"event":"unit","at":17000'
    )
    events = story().events()
    whole = line_of(tmp_path / "whole", events)
    line = line_of(tmp_path / "cut", events, tail)
    assert line.unread == 3
    assert msgspec.structs.replace(line, unread=0, folder="") == msgspec.structs.replace(
        whole, folder=""
    )


def test_a_plan_and_events_of_a_newer_version_may_say_more(tmp_path: Path) -> None:
    run = write(tmp_path / "run", stack(), story().events())
    for name in ("plan.json", "events.jsonl"):
        path = run / name
        path.write_bytes(path.read_bytes().replace(b"{", b'{"later":[1],', 1))
    assert read(run).result is Result.DONE


def test_clocks_that_are_set_back_do_no_harm(tmp_path: Path) -> None:
    events = story().events()
    events[3:] = [msgspec.structs.replace(event, at=event.at - 1000) for event in events[3:]]
    line = line_of(tmp_path / "run", events)
    assert all(step.seconds >= 0 for step in line.steps)
    assert all(0 <= unit.at <= line.wall for unit in line.units)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("plan.json", b'{"steps": [', "is not a plan: "),
        ("plan.json", b'{"steps": 3}', "is not a plan: "),
        ("plan.json", b"\xff\xfe", "is not a plan: "),
        ("plan.json", None, "cannot be read: No such file"),
        ("events.jsonl", None, "cannot be read: No such file"),
        ("events.jsonl", b"", "holds no event that can be read"),
        ("events.jsonl", b'{"event":"run-star', "holds no event that can be read"),
    ],
)
def test_a_damaged_run_is_one_clear_error(
    tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    run = write(tmp_path / "run", stack(), story().events())
    (run / name).unlink()
    if content is not None:
        (run / name).write_bytes(content)
    error = refusal(lambda: read(run))
    assert error.where == str(run / name)
    assert error.what.startswith(says)


def test_figures(tmp_path: Path) -> None:
    events = story(memory=5 * GIB).events()
    found = figures(line_of(tmp_path / "run", events))
    units = [event for event in events if isinstance(event, UnitFinished)]
    assert (found.compiles, found.links) == (97, 3)
    assert found.compiles + found.links == len(units)
    assert found.peak == max(event.used for event in events if isinstance(event, Load))
    assert found.steps == {"built": 8, "cached": 1}
    assert (found.cache_hits, found.cache_misses) == (24, 74)  # a quarter, step by step
    assert list(found.pressure) == ["frozen", "resumed", "killed"]
    assert found.busy is not None
    busy = sum(unit.seconds for unit in units) / (4 * found.wall)
    assert found.busy == pytest.approx(busy, rel=0.1)


def test_figures_say_what_was_not_recorded(tmp_path: Path) -> None:
    events = Story(units={}).events()
    bare = [event for event in events if not isinstance(event, Load)]
    found = figures(line_of(tmp_path / "run", bare))
    assert (found.busy, found.peak, found.compiles) == (None, None, 0)


def test_the_share_used_comes_from_the_units_where_no_load_was_recorded(tmp_path: Path) -> None:
    used = [
        RunStarted(at=0.0, run="r", steps=("build:acl",), jobs=2, memory=0, estimates={}),
        *(
            UnitFinished(
                at=5.0, step="build:acl", kind="compile", source="a.c", output="a.o", waited=0.0,
                seconds=4.0, peak=1, code=0, reused=reused,
            )
            for reused in (False, True)
        ),
        RunFinished(at=10.0, run="r", seconds=10.0, ok=True),
    ]  # fmt: skip
    assert figures(line_of(tmp_path / "run", used)).busy == pytest.approx(4 / 20)

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wheelforge import cli
from wheelforge.cli.console import Console, Plain, console_for
from wheelforge.cli.words import complain, echo, fraction, say
from wheelforge.errors import BuildError
from wheelforge.events import (
    CommandStarted,
    Notice,
    OutputLine,
    Progress,
    RunFinished,
    RunStarted,
    Status,
    StepFinished,
    StepQueued,
    StepStarted,
)
from wheelforge.execute import Result
from wheelforge.pipeline.run import Outcome
from wheelforge.resources import format_seconds as duration

if TYPE_CHECKING:
    from scripted import Yard
    from wheelforge.events import Event

Capture = pytest.CaptureFixture[str]
EVENTS: list[Event] = [
    RunStarted(run="r1", steps=("build:a",), jobs=4, memory=1, estimates={"build:a": 60.0}),
    StepQueued(step="build:a", why="never built"),
    StepStarted(step="build:a", log="/log", jobs=4),
    CommandStarted(step="build:a", label="configure"),
    OutputLine(step="build:a", text="[link=x]not markup[/]"),
    Progress(step="build:a", done=12, total=57),
    Progress(step="build:gone", done=1, total=0),
    Notice(text="[bold]said as it is"),
    StepFinished(step="build:a", status=Status.BUILT, seconds=61.0),
    StepFinished(step="build:b", status=Status.SKIPPED, seconds=0.0, detail="because"),
    RunFinished(run="r1", seconds=61.0, ok=True),
]


def test_plain_lines(capsys: Capture) -> None:
    display = Plain()
    for event in EVENTS:
        display.tell(event)
    display.close()
    lines = [re.sub(r"^\[ *[\d.]+s\] ", "", line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "1 steps to do, 4 jobs; run r1",
        "build:a started with 4 jobs",
        "build:a: configure",
        "[bold]said as it is",
        "build:a built after 1m01s",
        "build:b skipped after 0.0s",
    ]


def test_plain_progress_is_told_now_and_then(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    display = Plain()
    for done in range(1, 100):
        now[0] += 1
        display.tell(Progress(step="build:a", done=done, total=99))
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("] ")[2] for line in lines] == [
        "build:a: 31/99", "build:a: 61/99", "build:a: 91/99",
    ]  # fmt: skip


def results(interrupted: bool = False) -> Outcome:
    error = BuildError("make failed: a.c:1: error: x", where="build:bad", remedy="log: /run/log")
    return Outcome(
        folder=Path("/run"),
        interrupted=interrupted,
        results={
            "build:a": Result(status=Status.BUILT, seconds=75),
            "build:same": Result(status=Status.CACHED),
            "build:bad": Result(status=Status.FAILED, seconds=2, detail=str(error), error=error),
            "build:last": Result(status=Status.SKIPPED, detail="because build:bad failed"),
            "build:off": Result(status=Status.INTERRUPTED, seconds=1.0),
        },
    )


def test_the_summary_names_every_step_and_the_first_error(capsys: Capture) -> None:
    Console(Plain()).results(results())
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "",
        "  built    build:a  1m15s",
        "  cached   build:same",
        "  FAILED   build:bad  2.0s",
        "  skipped  build:last  because build:bad failed",
        "  stopped  build:off  1.0s",
        "run: /run",
        "report: wheelforge report run",
    ]
    assert said.err == "\nerror: build:bad: make failed: a.c:1: error: x\n  log: /run/log\n"


def test_an_interrupted_run_says_how_it_goes_on(capsys: Capture) -> None:
    Console(Plain()).results(results(interrupted=True))
    said = capsys.readouterr()
    assert "run: /run" in said.out
    assert "stopped by a signal; nothing is left running" in said.err


def test_a_display_that_cannot_write_is_replaced() -> None:
    class Gone:
        told = 0

        def tell(self, _event: Event) -> None:
            self.told += 1
            raise OSError(5, "the terminal is gone")

        def close(self) -> None:
            """Nothing to close."""

    gone = Gone()
    speaker = Console(gone)
    for event in EVENTS:
        speaker.tell(event)
    assert gone.told == 1


def test_a_file_gets_plain_lines(capsys: Capture) -> None:
    with console_for() as speaker:
        speaker.tell(EVENTS[0])
    assert capsys.readouterr().out.startswith("1 steps to do")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0s"), (59.94, "59.9s"), (59.96, "1m00s"), (60, "1m00s"), (3599.6, "1h00m"),
     (7500, "2h05m")],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_fractions_and_streams(capsys: Capture) -> None:
    assert (fraction(3, 9), fraction(3, 0)) == ("3/9", "3")
    say("one")
    complain("two")
    assert capsys.readouterr() == ("one\n", "two\n")


def test_the_summary_of_a_real_build(yard: Yard, capsys: Capture) -> None:
    yard.library("good")
    yard.library("bad", "echo compiling; echo 'a.c:3: error: no such thing'; echo; exit 2")
    yard.library("last", needs="bad good")
    assert cli.main(yard.command("build", "last")[3:]) == 2
    said = capsys.readouterr()
    assert re.search(r"^  built    build:good", said.out, re.MULTILINE)
    assert re.search(r"^  FAILED   build:bad", said.out, re.MULTILINE)
    assert "  skipped  build:last  because build:bad failed\n" in said.out
    assert f"{yard.wheelhouse} was left as it was; the same command goes on from here" in said.out
    assert "\x1b[" not in said.out
    found = re.search(
        r"^error: build:bad: command-1 failed with exit code 2: a.c:3: error: no such thing\n"
        r"  log: (.*)\n  again: (wheelforge step run .*/plan.json build:bad)$",
        said.err,
        re.MULTILINE,
    )
    assert found is not None, said.err
    assert "compiling" in Path(found[1]).read_text()
    assert cli.main(found[2].split()[1:]) == 2
    cli.main(yard.command("build", "last")[3:])
    assert "  cached   1 other steps: build:good\n" in capsys.readouterr().out


def test_foreign_text_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("built \x1b]0;evil\x07name\r")
    complain("error: caf\udce9")
    echo("a\u202eb")
    out, err = capsys.readouterr()
    assert out == "built \\u001b]0;evil\\u0007name\\u000d\na\\u202eb\n"
    assert err == "error: caf\\udce9\n"


def test_what_is_for_another_program_stays_as_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    echo("echo '\x1b'", end="", verbatim=True)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    echo("echo '\x1b'", end="", verbatim=True)
    assert capsys.readouterr().out == "echo '\x1b'echo '\\u001b'"

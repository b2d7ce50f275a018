from __future__ import annotations

import io
import os
import pty
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from rich.console import Console as RichConsole
from test_console import EVENTS

from wheelforge.cli import live
from wheelforge.cli.live import Live
from wheelforge.events import (
    Notice,
    OutputLine,
    RunStarted,
    Status,
    StepFinished,
    StepStarted,
)

if TYPE_CHECKING:
    from scripted import Yard


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> RichConsole:
    """A terminal of 120 columns that keeps what is written to it."""
    made = RichConsole(
        file=io.StringIO(),
        force_terminal=True,
        width=120,
        height=30,
        record=True,
        color_system=None,
    )
    monkeypatch.setattr(live, "RichConsole", lambda: made)
    return made


def shown(display: Live) -> str:
    """The live part as text."""
    console = RichConsole(file=io.StringIO(), width=120, record=True)
    console.print(display)
    return console.export_text()


def test_the_live_part_shows_progress_time_and_what_is_left(screen: RichConsole) -> None:
    display = Live()
    texts = []
    for event in EVENTS:
        display.tell(event)
        texts.append(shown(display))
    display.close()
    display.close()
    busy = texts[6]
    assert re.search(
        r"▸ build:a +configure +12/57 +\d+\.\ds, \S+ left +-j4 +\[link=x\]not markup\[/\]", busy
    )
    assert re.search(r"1 steps left +elapsed \d+\.\ds +work left about 1m00s", busy)
    assert "build:a" not in texts[8]
    assert "0 steps left" in texts[8]
    above = screen.export_text()
    assert "built    build:a  1m01s" in above
    assert "skipped  build:b" in above
    assert "[bold]said as it is" in above


def test_every_way_to_end_is_shown(screen: RichConsole) -> None:
    display = Live()
    steps = tuple(f"build:{status}" for status in Status)
    display.tell(RunStarted(run="r", steps=steps, jobs=1, memory=1, estimates={}))
    for step in steps:
        display.tell(StepStarted(step=step, log="", jobs=1))
    assert f"{len(steps)} steps left" in shown(display)
    for status in Status:
        display.tell(StepFinished(step=f"build:{status}", status=status, seconds=1.0))
    display.close()
    above = screen.export_text()
    words = ("built", "cached", "FAILED", "skipped", "stopped")
    assert [word for word in words if not re.search(rf"{word} +build:\w+  1\.0s", above)] == []


def test_what_comes_before_a_run_and_for_unknown_steps_is_no_error(screen: RichConsole) -> None:
    display = Live()
    for event in EVENTS[1:]:
        display.tell(event)
    display.close()
    assert "said as it is" in screen.export_text()


def test_in_a_real_terminal(yard: Yard) -> None:
    """A pseudo terminal, a tiny recipe, progress as ninja writes it."""
    yard.library("a", 'for n in 1 2 3; do echo "[$n/3] cc a.c"; sleep 0.3; done; touch made')
    yard.library("b", needs="a")
    master, slave = pty.openpty()
    env = {**yard.env(), "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    with subprocess.Popen(
        yard.command("build", "b"), env=env, cwd=yard.root, stdin=slave, stdout=slave, stderr=slave
    ) as forge:
        os.close(slave)
        said = b""
        while chunk := _read(master):
            said += chunk
    os.close(master)
    assert forge.returncode == 0, said.decode()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())
    assert "▸ build:a" in text
    assert re.search(r"[123]/3", text)
    assert re.search(r"elapsed \d", text)
    assert re.search(r"built +build:a", text)
    assert re.search(r"built +build:b", text)
    assert said.count(b"\x1b[?25l") == said.count(b"\x1b[?25h"), "the cursor is shown again"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux' way to say that nobody holds the other end
        return b""


def test_what_programs_print_steers_no_terminal(screen: RichConsole) -> None:
    display = Live()
    display.tell(RunStarted(run="r", steps=("build:a",), jobs=1, memory=0, estimates={}))
    display.tell(StepStarted(step="build:a", log="", jobs=1))
    display.tell(OutputLine(step="build:a", text="\x1b[31mred\x1b[0m \x1b]0;evil\x07\x1b[2J"))
    display.tell(Notice(text="\x1b[2Jnotice"))
    assert r"red \u001b]0;evil\u0007\u001b[2J" in shown(display)
    display.close()
    assert r"\u001b[2Jnotice" in screen.export_text()

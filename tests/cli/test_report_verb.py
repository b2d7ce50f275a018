from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wheelforge import cli

if TYPE_CHECKING:
    from scripted import Yard

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def failed(yard: Yard, capsys: Capture) -> list[str]:
    """The lines printed by a build in which one step failed."""
    yard.library("good")
    yard.library("bad", "echo 'a.c:3: error: <b>no such thing</b>'; exit 2", needs="good")
    assert cli.main(yard.command("build", "bad")[3:]) == 2
    return capsys.readouterr().out.splitlines()


def test_the_closing_lines_of_a_build_name_the_command_that_works(
    failed: list[str], capsys: Capture
) -> None:
    [line] = [line for line in failed if line.startswith("report: ")]
    assert failed[failed.index(line) - 1].startswith("run: ")
    words = line.removeprefix("report: wheelforge ").split()
    assert cli.main(words) == 0
    path, *said = capsys.readouterr().out.splitlines()
    assert Path(path).parent.name == words[-1]
    assert "&lt;b&gt;no such thing" in Path(path).read_text()
    assert len(said) == 5
    assert said[0].startswith("bad for native: failed after ")
    assert said[1] == "steps: 1 built, 1 failed"
    assert [line.partition(":")[0] for line in said[1:]] == [
        "steps", "jobs", "memory", "critical path",
    ]  # fmt: skip
    assert said[4].startswith("critical path: build:good ")


@pytest.mark.usefixtures("failed")
def test_json_prints_figures_and_writes_only_what_was_asked_for(
    yard: Yard, capsys: Capture
) -> None:
    assert cli.main(["report", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["result"], found["requested"]) == ("failed", ["bad"])
    assert [link["step"] for link in found["critical"]][-1] == "build:bad"
    assert not list((yard.home / "runs").glob("*/report.html"))
    assert cli.main(["report", "--json", "--output", str(yard.root / "page.html")]) == 0
    assert json.loads(capsys.readouterr().out) == found
    assert (yard.root / "page.html").is_file()


@pytest.mark.usefixtures("yard")
def test_without_runs_it_says_how_to_make_one(capsys: Capture) -> None:
    assert cli.main(["report"]) == 1
    assert "there are no runs yet\n  wheelforge build NAME makes one" in capsys.readouterr().err

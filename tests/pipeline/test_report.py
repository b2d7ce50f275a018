from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builders import planned, recipe, refusal
from wheelforge.events import RunStarted, StepStarted
from wheelforge.graph import encoded
from wheelforge.pipeline import Home
from wheelforge.pipeline.report import examined, find, report
from wheelforge.report import Result

if TYPE_CHECKING:
    from collections.abc import Callable

OLD, NEW = "20261119-100000-7", "20261120-090000-8"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs that had just begun; the older one's folder changed last."""
    monkeypatch.setenv("WHEELFORGE_HOME", str(tmp_path))
    for name in (NEW, OLD):
        folder = tmp_path / "runs" / name
        folder.mkdir(parents=True)
        (folder / "plan.json").write_bytes(encoded(planned({"demo": recipe()})))
        started = RunStarted(
            at=1.0, run=name, steps=("build:demo",), jobs=2, memory=5, estimates={}
        )
        step = StepStarted(at=2.0, step="build:demo", log="/log", jobs=2)
        (folder / "events.jsonl").write_bytes(encoded(started) + b"\n" + encoded(step) + b"\n")
    return tmp_path / "runs"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        (lambda _: "", NEW),
        (lambda _: OLD, OLD),
        (lambda runs: str(runs / OLD), OLD),
        (lambda runs: os.path.relpath(runs / OLD), OLD),
        (lambda runs: str(runs / OLD / "events.jsonl"), OLD),
    ],
    ids=["newest", "id", "path", "relative", "file"],
)
def test_a_run_is_found(runs: Path, word: Callable[[Path], str], name: str) -> None:
    assert find(word(runs), runs).resolve() == (runs / name).resolve()


def test_what_is_no_run_is_refused(runs: Path, tmp_path: Path) -> None:
    error = refusal(lambda: find("20261120-090000-9", runs))
    assert f"did you mean {NEW}" in error.remedy
    assert "there are no runs yet" in refusal(lambda: find("", tmp_path / "none")).what


def test_the_page_is_written_into_the_runs_folder_or_where_it_was_asked_for(
    runs: Path, tmp_path: Path
) -> None:
    found, path = report("", None, Home.open())
    assert (found.run, path) == (NEW, runs / NEW / "report.html")
    assert path.read_text().startswith("<!doctype html>")
    elsewhere = tmp_path / "new" / "page.html"
    assert report(OLD, elsewhere, Home.open())[1] == elsewhere
    assert OLD in elsewhere.read_text()
    assert not (runs / OLD / "report.html").exists()


def test_a_run_that_goes_on_is_told_from_one_that_was_killed(runs: Path) -> None:
    assert examined(NEW, Home.open()).result is Result.KILLED
    with (runs / NEW / "events.jsonl").open("ab") as events:
        fcntl.flock(events, fcntl.LOCK_EX)
        assert examined(NEW, Home.open()).result is Result.RUNNING
    assert not (runs / NEW / "report.html").exists()


def test_a_place_that_cannot_be_written_is_named(runs: Path) -> None:
    place = runs / NEW / "plan.json" / "page.html"
    error = refusal(lambda: report(NEW, place, Home.open()))
    assert "--output" in error.remedy

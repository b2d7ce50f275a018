from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest

from wheelforge import cli
from wheelforge.pipeline import Home

if TYPE_CHECKING:
    from pathlib import Path

    from scripted import Yard

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def built(yard: Yard, capsys: Capture) -> Yard:
    """A yard in which `a` was built."""
    yard.library("a", "echo text > made")
    assert cli.main(yard.command("build", "a")[3:]) == 0
    capsys.readouterr()
    return yard


def entry(yard: Yard) -> Path:
    return next((yard.home / "store").iterdir())


@pytest.mark.usefixtures("built")
def test_ls(capsys: Capture) -> None:
    assert cli.main(["store", "ls"]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert line.split()[1:5] == ["build:a", "1.0", "5", "B"]


def test_a_damaged_result_is_named_and_built_again(built: Yard, capsys: Capture) -> None:
    """Also when size and time give nothing away."""
    assert cli.main(["store", "verify"]) == 0
    assert capsys.readouterr().out == "1 results, 0 damaged\n"
    made = entry(built) / "made"
    info = made.stat()
    made.write_text("tEXt\n")
    os.utime(made, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert cli.main(["store", "verify"]) == 3
    assert "made differs from what was built" in capsys.readouterr().out
    assert cli.main(built.command("build", "a")[3:]) == 0
    out = capsys.readouterr().out
    assert "the store's entry was damaged (made differs from what was built)" in out
    assert made.read_text() == "text\n"
    assert cli.main(["store", "verify"]) == 0


def test_why_names_what_changed(built: Yard, capsys: Capture) -> None:
    assert cli.main(built.command("store", "why", "a")[3:]) == 0
    assert capsys.readouterr().out == "build:a 1.0: cached\n"
    built.library("a", "echo other > made")
    cli.main(built.command("store", "why", "a")[3:])
    said = capsys.readouterr().out
    assert said.startswith("build:a 1.0: todo\n    ")
    assert re.search(r"build\.commands: .*echo text.* → .*echo other", said)


@pytest.mark.usefixtures("built")
def test_evidence_of_what_compiled_nothing(capsys: Capture) -> None:
    assert cli.main(["store", "evidence", "a"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert cli.main(["store", "evidence", "a", "--cmake"]) == 0
    assert capsys.readouterr().out == ""
    assert cli.main(["store", "evidence", "ab"]) == 1
    assert "nothing called 'ab' was built here" in capsys.readouterr().err


def test_evidence_that_was_not_kept(built: Yard, capsys: Capture) -> None:
    """As in results of versions that kept none."""
    (entry(built) / "evidence.json.gz").unlink()
    manifest = entry(built) / "manifest.json"
    plain = {**json.loads(manifest.read_text()), "evidence": None}
    manifest.write_text(json.dumps(plain))
    assert cli.main(["store", "evidence", plain["key"][:9]]) == 1
    said = capsys.readouterr().err
    assert "no evidence was kept when it was built" in said
    assert f"rm -r {entry(built)}" in said


def test_gc_says_what_goes_before_it_goes(built: Yard, capsys: Capture) -> None:
    assert cli.main(["store", "gc"]) == 0
    assert capsys.readouterr().out == "removed 0 folders, 0 B\n"
    assert cli.main(["store", "gc", "--keep-days", "0", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert entry(built).name in said
    assert "would remove 2 folders" in said
    assert cli.main(["store", "gc", "--keep-days", "0"]) == 0
    assert capsys.readouterr().out == said.replace("would remove", "removed")
    assert not list(Home.open().store.entries())

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fake_wheels import make_wheel
from wheelforge import cli

if TYPE_CHECKING:
    from pathlib import Path

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def pair(tmp_path: Path) -> list[str]:
    """Two wheels of one name with a file that differs, and one on each side."""
    return [
        str(make_wheel(tmp_path / side, "demo", files={"x.py": f"{side}\n", side: side}))
        for side in ("one", "two")
    ]


def test_the_same(pair: list[str], capsys: Capture) -> None:
    assert cli.main(["compare", pair[0], pair[0]]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "the same: 5 files"


def test_what_differs(pair: list[str], capsys: Capture) -> None:
    assert cli.main(["compare", *pair]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"a  {pair[0]}  sha256:")
    assert "one: only in a, 3 bytes" in lines
    assert "two: only in b, 3 bytes" in lines
    assert lines[lines.index("x.py: differs, 4 and 4 bytes") + 1].startswith("  line 1: 'one")
    assert lines[-1] == "different: 4 differ, 2 files the same"


def test_json(pair: list[str], capsys: Capture) -> None:
    assert cli.main(["compare", *pair, "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert not found["equal"]
    assert found["a"]["path"] == pair[0]
    kinds = {item["name"]: item["kind"] for item in found["differences"]}
    assert (kinds["one"], kinds["two"], kinds["x.py"]) == ("only in a", "only in b", "differs")


def test_many_files_are_counted(tmp_path: Path, capsys: Capture) -> None:
    for side in ("a", "b"):
        (tmp_path / side).mkdir()
        for number in range(50):
            (tmp_path / side / f"{number:02}").write_text(side)
    words = ["compare", str(tmp_path / "a"), str(tmp_path / "b")]
    assert cli.main(words) == 3
    assert "… and 10 more files (--all)" in capsys.readouterr().out
    assert cli.main([*words, "--all"]) == 3
    assert "49: differs, 1 and 1 bytes" in capsys.readouterr().out


def test_what_is_not_there(pair: list[str], capsys: Capture) -> None:
    assert cli.main(["compare", pair[0], "nothing.whl"]) == 1
    assert "nothing.whl: is not there" in capsys.readouterr().err


def test_names_that_would_steer_a_terminal(tmp_path: Path, capsys: Capture) -> None:
    for side in ("a", "b"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "x\x1b[2J").write_text(f"{side}\x1b[2J")
    assert cli.main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 3
    assert "\x1b" not in capsys.readouterr().out

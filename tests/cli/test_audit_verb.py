from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cross import needs_cross
from elves import make_elf
from small_code import mixed
from wheelforge import cli

if TYPE_CHECKING:
    from pathlib import Path

Capture = pytest.CaptureFixture[str]


@needs_cross
def test_a_library_outside_of_its_target(tmp_path: Path, capsys: Capture) -> None:
    path = mixed(tmp_path)
    assert cli.main(["audit", str(path), "--isa", "--target", "a64fx"]) == 3
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0].startswith("libmixed.so  aarch64, 0.0 MB of code")
    assert "  dotprod             1 in 1 functions, 1 OUTSIDE of the target" in lines
    assert "  sve                 1 in 1 functions" in lines
    assert lines[-1].startswith("libmixed.so: REFUSED a64fx; 1 libraries")
    assert "refused for a64fx\n  libmixed.so: 1 functions need dotprod: multiply_dot" in told.err


@needs_cross
def test_a_library_that_fits(tmp_path: Path, capsys: Capture) -> None:
    assert cli.main(["audit", str(mixed(tmp_path)), "--target", "neoverse-v1"]) == 0
    assert ": fits neoverse-v1; " in capsys.readouterr().out


@needs_cross
def test_json(tmp_path: Path, capsys: Capture) -> None:
    path = mixed(tmp_path)
    assert cli.main(["audit", str(path), str(path), "--json", "--target", "a64fx"]) == 3
    first, second = json.loads(capsys.readouterr().out)
    assert first["libraries"][0]["isa"] == second["libraries"][0]["isa"]
    [dot] = [
        item
        for item in first["libraries"][0]["isa"]["extensions"]
        if item["extension"] == "dotprod"
    ]
    assert dot["outside"][0]["symbol"] == "multiply_dot"
    assert [finding["level"] for finding in first["findings"]] == ["error"]


@needs_cross
def test_a_recipe_may_be_named(tmp_path: Path, capsys: Capture) -> None:
    words = ["audit", str(mixed(tmp_path)), "--target", "a64fx", "--recipe", "acl"]
    assert cli.main(words) == 3  # nothing in ACL is called multiply_dot
    assert cli.main([*words[:-1], "acll"]) == 1
    assert "did you mean acl" in capsys.readouterr().err


def test_without_a_target_nothing_is_judged(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "lib.so").write_bytes(make_elf(machine=62))
    assert cli.main(["audit", str(tmp_path)]) == 0
    assert ": not judged: no --target; 1 libraries" in capsys.readouterr().out
    assert cli.main(["audit", str(tmp_path), "--target", "a64fx"]) == 3


def test_what_is_not_there(tmp_path: Path, capsys: Capture) -> None:
    assert cli.main(["audit", str(tmp_path / "gone.whl")]) == 1
    assert "is not there" in capsys.readouterr().err

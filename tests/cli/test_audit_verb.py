from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cross import needs_cross
from drafts import EXTRA, METADATA, Draft, good_files, linked, needs_cc
from elves import make_elf
from fake_wheels import make_wheel
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
    assert lines[-1].startswith("libmixed.so: REFUSED a64fx (1 error); 1 libraries")
    assert "refused for a64fx\n  libmixed.so: 1 functions need dotprod, and a64fx has " in told.err


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


@needs_cc
def test_a_wheel_is_judged_by_the_rules(tmp_path: Path, capsys: Capture) -> None:
    draft = Draft(tmp_path, good_files(tmp_path))
    wheel = draft.packed()
    log = tmp_path / "log.sarif"
    assert cli.main(["audit", str(wheel), "--no-isa", "--sarif", str(log)]) == 0
    told = capsys.readouterr().out
    assert "libraries: libhelper-0a1b2c3d.so.1  [licence.grafted]\n" in told
    assert f"{wheel.name}: sound (2 notes); " in told
    assert [item["ruleId"] for item in json.loads(log.read_text())["runs"][0]["results"]] == [
        "licence.grafted", "size.total",
    ]  # fmt: skip
    draft.files[EXTRA] = draft.compiled("int a(void) { return 1; }", "-Wl,-rpath,/opt/lib")
    assert cli.main(["audit", str(draft.packed()), "--no-isa"]) == 3
    told = capsys.readouterr()
    assert (
        f"error: {EXTRA}: its search path or needs hold '/opt/lib'  [load.path]\n    " in told.out
    )
    assert f": refused\n  {EXTRA}: its search path" in told.err
    assert cli.main(["audit", str(draft.packed()), "--isa"]) == 0


@needs_cc
def test_the_wheels_of_a_folder(tmp_path: Path, capsys: Capture) -> None:
    draft = Draft(tmp_path, good_files(tmp_path))
    draft.files[EXTRA] = draft.compiled("int a(void) { return 1; }", "-Wl,-rpath,/opt/lib")
    house = tmp_path / "house"
    house.mkdir()
    wheel = draft.packed()
    wheel.rename(house / wheel.name)
    assert cli.main(["audit", str(house), "--no-isa"]) == 3
    told = capsys.readouterr().out
    assert f"error: {wheel.name}: {EXTRA}: its search path or needs hold '/opt/lib'" in told
    assert "house: REFUSED (1 error, 2 notes); " in told


@needs_cc
def test_wheels_that_are_given_together_complete_each_other(
    tmp_path: Path, capsys: Capture
) -> None:
    """Recipes know minitorch as a package that others link against."""
    linked(tmp_path, "libminitorch.so", "int base(void) { return 1; }")
    draft = Draft(tmp_path, {"demo/__init__.py": b"def main(): pass\n"})
    source = "int base(void); int use(void) { return base(); }"
    draft.files[EXTRA] = draft.compiled(source, "libminitorch.so")
    draft.info["METADATA"] = METADATA.format(version="1.0").replace("base==2.6.0", "minitorch")
    wheel = str(draft.packed())
    assert cli.main(["audit", wheel, "--no-isa"]) == 0
    assert (
        "libminitorch.so, to be found from minitorch  [load.companion]" in capsys.readouterr().out
    )
    other = make_wheel(tmp_path, "minitorch", files={"minitorch/lib/libminitorch.so": b"no ELF"})
    cli.main(["audit", wheel, str(other), "--no-isa", "--json"])
    first = json.loads(capsys.readouterr().out)[0]
    assert "load.companion" not in {item["check"] for item in first["findings"]}
    other.unlink()
    other = make_wheel(tmp_path, "minitorch", files={"minitorch/lib/libelse.so": b"no ELF"})
    assert cli.main(["audit", wheel, str(other), "--no-isa"]) == 3
    assert "libminitorch.so, which is found nowhere" in capsys.readouterr().err


def test_what_is_not_there(tmp_path: Path, capsys: Capture) -> None:
    assert cli.main(["audit", str(tmp_path / "gone.whl")]) == 1
    assert "is not there" in capsys.readouterr().err

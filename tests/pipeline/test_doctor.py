from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from builders import PYTHON, recipe, resolved
from scripted import Yard
from wheelforge import cli
from wheelforge.doctor import Need
from wheelforge.pipeline import Home, wants

if TYPE_CHECKING:
    from pathlib import Path

GIT = 'type = "git"\nurl = "{}"\n[source.commit]\n"1.0" = "' + "a" * 40 + '"\n'


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    made = Yard(tmp_path)
    monkeypatch.setenv("WHEELFORGE_HOME", str(made.home))
    return made


def need(*texts: str) -> Need:
    names = [f"p{number}" for number in range(len(texts))]
    pins = resolved(dict(zip(names, texts, strict=True)), *names).pins
    return wants.planned(Need(), pins, Home.open(), PYTHON)


def test_what_packages_ask_for() -> None:
    found = need(
        recipe(
            "p0",
            '[resources]\nmemory_per_job = "3 GiB"\nmax_jobs = 2\ndisk = "5 GiB"\n',
            build='[build]\nbackend = "cmake"\ngenerator = "Unix Makefiles"\n'
            'languages = ["c", "fortran"]\n',
            source=GIT.format("https://git.test/a.git"),
        ),
        recipe("p1", source=GIT.format("git@other.test:a.git")),
    )
    (first, second) = found.work
    assert (first.memory, first.jobs, first.disk) == (3 << 30, 2, 5 << 30)
    assert first.languages == ("c", "fortran")
    assert found.disk == 6 << 30
    assert second.name == "p1"
    assert {"cmake", "make", "git"} <= found.programs.keys()
    assert found.programs["git"] == ("p0", "p1")
    assert found.hosts == {"https://git.test": ("p0",), "ssh://other.test": ("p1",)}
    assert not found.index
    assert not found.headers


def test_wheels_ask_for_headers_and_the_index() -> None:
    check = '[[checks]]\ntype = "python"\nname = "x"\ncode = "pass"\n'
    build = '[build]\nbackend = "setuptools"\nrequires = ["setuptools==80"]\n'
    found = need(recipe("p0", check, kind="wheel", build=build))
    assert found.headers
    assert found.index
    assert found.hosts == {"https://host.test": ("p0",)}


def run(yard: Yard, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, str]]:
    common = ["--toolchain", str(yard.toolchain), "--recipes", str(yard.recipes), "--offline"]
    code = cli.main(["doctor", *words, *common, "--json"])
    found = json.loads(capsys.readouterr().out)
    return code, {item["name"]: item["level"] for item in found}


def test_in_general_and_for_a_plan(yard: Yard, capsys: pytest.CaptureFixture[str]) -> None:
    yard.library("demo")
    code, found = run(yard, capsys)
    assert found["package index"] == "missing"  # --offline
    assert code == 1
    code, found = run(yard, capsys, "demo")
    assert found["package index"] == "ok"
    assert found["jobs at once"] == "ok"
    assert "plan" not in found


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["nosuch"], "plan"),
        (["demo==9"], "plan"),
        (["demo", "--target", "nosuch"], "target"),
        (["demo", "--python", "/no/python"], "Python"),
        (["demo", "--overlay", "nosuch"], "plan"),
    ],
)
def test_what_cannot_be_planned_is_a_finding(
    yard: Yard, capsys: pytest.CaptureFixture[str], words: list[str], name: str
) -> None:
    yard.library("demo")
    code, found = run(yard, capsys, *words)
    assert code == 1
    assert found[name] == "missing"


def test_what_is_asked_for_is_shown_among_the_limits(
    yard: Yard, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--jobs", "1", "--memory", "9 MiB", "--offline", "--toolchain", str(yard.toolchain)]
    cli.main(["doctor", *words])
    lines = capsys.readouterr().out.splitlines()
    (processors,) = (line for line in lines if line.split()[1] == "processors")
    (memory,) = (line for line in lines if line.split()[1] == "memory")
    assert "--jobs 1)" in processors
    assert " 9.0 MiB by --memory (" in memory


def test_lines_for_people(yard: Yard, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["doctor", "nosuch", "--toolchain", str(yard.toolchain), "--offline"])
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("ok       machine ")
    line = next(number for number, text in enumerate(out) if text.startswith("missing  plan"))
    assert "there is no recipe 'nosuch'" in out[line]
    assert out[line + 1].startswith(" " * 25 + "known: ")
    assert "missing, " in out[-1]


def test_it_leaves_nothing_behind(yard: Yard, capsys: pytest.CaptureFixture[str]) -> None:
    run(yard, capsys)
    assert {path.name for path in yard.home.glob("*")} <= {"digests.json"}


def test_a_user_without_a_home(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unknown() -> None:
        raise RuntimeError("Could not determine home directory.")

    for name in ("WHEELFORGE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pathlib.Path.home", unknown)
    assert cli.main(["doctor"]) == 1
    assert "set HOME" in capsys.readouterr().err

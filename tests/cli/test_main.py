from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from wheelforge import __version__, catalog, cli
from wheelforge.cli.app import VERBS
from wheelforge.errors import BuildError, ForgeError, InputError, InterruptedRunError, RejectedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted import Yard

COMMANDS = [
    *([verb] for verb in VERBS), ["store", "why"], ["store", "ls"], ["store", "gc"],
    ["store", "verify"],
    ["step", "run"], ["step", "list"], ["recipe", "show"], ["recipe", "lint"], ["recipe", "schema"],
    ["target", "list"], ["target", "show"], ["toolchain", "list"], ["toolchain", "show"],
]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_verb_explains_itself(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*words, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"Usage: wheelforge {' '.join(words)}" in out
    assert len(out.splitlines()) > 4


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    out = capsys.readouterr().out
    assert [verb for verb in VERBS if f"  {verb} " not in out] == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["bulid"], "No such command 'bulid'"),
        (["build"], "Missing argument"),
        (["build", "x", "--no-such-option"], "No such option"),
        (["build", "x", "--jobs", "-1"], "greater than or equal to 0"),
        (["build", "x", "--jobs", "many"], "valid integer"),
        (["build", "x", "--pin", "acl"], "'acl' is not NAME=VALUE"),
        (["build", "x", "--memory", "lots"], "--memory: 'lots' is not an amount"),
        (["build", "x", "--source", "a=/no/such"], "--source a: there is no /no/such"),
        (["build", "x", "--recipes", "/no/such"], "--recipes /no/such: is not a folder"),
        (["step", "run", "/no/such", "x"], "/no/such: cannot be read"),
        (["step", "list", "/no/such"], "/no/such: cannot be read"),
        (["step", "list", __file__], "test_main.py: is not a plan"),
        (["verify", "--wheelhouse", "/no/such"], "not a wheelhouse that wheelforge wrote"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words_are_one_clear_error_with_code_1(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words) == 1
    err = capsys.readouterr().err
    assert says in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (InputError("a", where="b", remedy="c"), 1, "error: b: a\n  c\n"),
        (BuildError("a"), 2, "error: a\n"),
        (RejectedError("a"), 3, "error: a\n"),
        (InterruptedRunError("a"), 130, "error: a\n"),
        (KeyboardInterrupt(), 130, "stopped\n"),
        (ZeroDivisionError("oops"), 70, f"This is a bug in wheelforge {__version__}."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_exit_codes(
    error: BaseException,
    code: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(catalog, "targets", fail)
    assert cli.main(["target", "list"]) == code
    err = capsys.readouterr().err
    assert says in err
    assert ("Traceback" in err) == (not isinstance(error, ForgeError | KeyboardInterrupt))


def python(code: str, **words: object) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(argv, text=True, check=False, **words)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_costs_nothing(word: str) -> None:
    code = (
        "import sys; from wheelforge.cli import main; "
        f"code = main([{word!r}]); "
        "heavy = {'typer', 'click', 'rich', 'asyncio', 'msgspec', 'archspec'}; "
        "print(code, sorted(heavy & set(sys.modules)))"
    )
    done = python(code, capture_output=True)
    assert done.stdout == f"wheelforge {__version__}\n0 []\n", done.stderr


def test_a_verb_does_not_load_the_others() -> None:
    code = (
        "import sys; from wheelforge.cli import main; main(['target', 'list']); "
        "print({'rich', 'wheelforge.execute', 'wheelforge.index'} & set(sys.modules))"
    )
    done = python(code, capture_output=True)
    assert done.stdout.endswith("\nset()\n"), done.stdout + done.stderr


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    code = "import sys; from wheelforge.cli import main; sys.exit(main(['recipe', 'schema']))"
    done = python(code, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_build_goes_on_when_nobody_listens_any_more(yard: Yard) -> None:
    yard.library("bad", "exit 3")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        yard.command("build", "bad"), env=yard.env(), cwd=yard.root, stdout=writing,
        stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 2
    assert "command-1 failed with exit code 3" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (lambda yard: yard.library("demo"), 0),
        (lambda yard: yard.library("demo", "exit 9"), 2),
        (lambda yard: yard.library("demo", more='[[checks]]\ntype = "file"\npath = "no"'), 3),
        (lambda yard: yard.library("demo", "nosuchprogram"), 2),
        (lambda _: None, 1),
    ],
    ids=["good", "failed", "rejected", "127", "unknown"],
)
def test_what_a_build_returns(
    yard: Yard, prepare: Callable[[Yard], object], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(yard)
    assert cli.main(yard.command("build", "demo")[3:]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_bug_within_a_step_is_code_70_with_a_traceback(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from wheelforge import building

    yard.library("demo")
    monkeypatch.setattr(building, "_lay_out", lambda *_: 1 // 0)
    assert cli.main(yard.command("build", "demo")[3:]) == 70
    err = capsys.readouterr().err
    assert "build:demo: internal error: ZeroDivisionError" in err
    assert "Traceback" in err
    assert f"This is a bug in wheelforge {__version__}." in err

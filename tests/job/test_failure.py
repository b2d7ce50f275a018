from __future__ import annotations

from pathlib import Path

import pytest

from wheelforge import process
from wheelforge.broker import Failure
from wheelforge.broker.unit import Unit
from wheelforge.errors import BuildError, ForgeError, InputError
from wheelforge.job.failure import Circumstances, blamed, failure, told

ABOUT = Circumstances(step="build:demo", home=Path("/home/wf"), advice="look at its log")
ERROR = "a.cc:3:1: error: expected ';'"


def unit(
    said: str,
    source: str = "src/a.cc",
    *,
    killed: bool = False,
    peak: int = 0,
    kind: str = "compile",
) -> Failure:
    output = "build/prog" if kind == "link" else f"{source}.o"
    return Failure(
        Unit(kind, kind, source, output, "s", tracked=False),
        ("g++", "-DA=x y", "-c", source), "/w/b c", said, peak, killed=killed,
    )  # fmt: skip


def said(lines: list[str], *failed: Failure, code: int = 2) -> ForgeError:
    return failure("make", code, lines, failed, ABOUT)


TRIAL = unit("conf.c:1: error: no such function\n", "conf.c")
SILENT = unit("", "silent.c")
REAL = unit(f"In file included from a.h:1:\n{ERROR}\nnote: here\n", peak=3 << 28)


@pytest.mark.parametrize(
    ("lines", "failed", "expected"),
    [
        ([], [], None),
        (["checking for x... no", "", ERROR, "make: *** [a.o] Error 1"], [TRIAL, SILENT, REAL],
         REAL),
        (["  " + ERROR], [TRIAL, REAL], REAL),  # build tools indent
        (["checking for x... no", "", "make: *** no rule"], [TRIAL, SILENT], None),
        ([ERROR, "other.cc:1: error: y"], [REAL, unit("other.cc:1: error: y")], REAL),
        (["ninja: build stopped"], [TRIAL, unit("", killed=True)], unit("", killed=True)),
        ([ERROR], [unit("", "first.cc", killed=True), REAL], REAL),  # it went on without that one
    ],
)  # fmt: skip
def test_the_compile_whose_complaint_was_printed_is_blamed(
    lines: list[str], failed: list[Failure], expected: Failure | None
) -> None:
    assert blamed(lines, failed) == expected


def test_the_error_names_command_folder_and_peak() -> None:
    error = said(["", ERROR], TRIAL, REAL)
    assert isinstance(error, BuildError)
    assert error.what == f"make failed with exit code 2: {ERROR}"
    assert error.where == "build:demo"
    assert "compiling src/a.cc (it held 768.0 MiB at most):" in error.remedy
    assert "cd '/w/b c' && g++ '-DA=x y' -c src/a.cc" in error.remedy
    assert error.remedy.endswith("look at its log")


def test_the_first_error_is_the_compiles_even_where_the_log_has_others_before() -> None:
    before = "warning-as-error: ERROR: something else"
    assert said([before, ERROR], REAL).what.endswith(ERROR)
    assert said([before, "x"]).what.endswith(before)


def test_colours_do_not_hide_what_is_an_error() -> None:
    painted = "\x1b[01m\x1b[Ka.cc:3:1:\x1b[m\x1b[K \x1b[01;31m\x1b[Kerror: \x1b[m\x1b[Kbad thing"
    lines = ["[1/2] Building", painted, "ninja: build stopped: subcommand failed."]
    found = unit(f"{painted}\nnote: last line\n")
    assert blamed(lines, [found]) == found
    assert said(lines, found).what.endswith("a.cc:3:1: error: bad thing")


def test_what_was_killed_is_told_as_want_of_memory() -> None:
    error = said(["g++: fatal error: Killed signal"], unit("", killed=True, peak=1 << 30))
    assert error.what.endswith("out of memory: src/a.cc was killed")
    assert "(it held 1.0 GiB at most)" in error.remedy
    assert "more memory" in error.remedy


def test_a_link_is_told_by_its_output() -> None:
    link = unit("x.o: undefined reference to `f'", "x.o", kind="link")
    assert told(link).startswith("linking build/prog:\n")
    assert "held" not in told(link)


def test_a_full_disk_is_no_fault_of_the_compile() -> None:
    error = said(["a.s: fatal error: No space left on device"], REAL)
    assert isinstance(error, InputError)
    assert error.where == "/home/wf"
    assert "WHEELFORGE_HOME" in error.remedy


def test_signals_and_the_time_limit() -> None:
    assert said(["bye"], code=-9).what == "make was killed by signal 9: bye"
    late = said(["busy", f"{process.TIME_LIMIT} of 60 s"], code=-15)
    assert late.what == "make was ended after its time limit of 60 s: busy"
    assert said([]).what.endswith("(it printed nothing)")

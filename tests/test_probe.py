"""Compilers and Pythons are found and told apart. The compilers here are shell scripts."""

from __future__ import annotations

import platform
import sys
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import COMPILERS, TARGET, refusal
from wheelforge import digest, probe
from wheelforge.toolchain import Compilers, Toolchain

GCC = Toolchain(
    name="native",
    summary="",
    family="gcc",
    programs={"cc": ("gcc-14", "gcc"), "cxx": ("g++",), "fc": ("gfortran",)},
    minimum="8",
    version_pattern=r"\) (\d+\.\d+(?:\.\d+)?)",
    install={"apt-get.cc": "gcc", "dnf.cc": "gcc", "apt-get.cxx": "g++"},
)


@pytest.fixture
def bin_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of its own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def memo(tmp_path: Path) -> digest.Memo:
    return digest.Memo(tmp_path / "digests.json")


def compiler(
    folder: Path, name: str, says: str = "gcc (Site) 13.2.0", machine: str = "aarch64-linux-gnu"
) -> Path:
    """A script that answers as a compiler does, and counts how often it was asked."""
    path = folder / name
    path.write_text(
        f"#!/bin/sh\necho x >> '{folder}/asked'\n"
        f"case $1 in --version) echo '{says}';; *) echo '{machine}';; esac\n"
    )
    path.chmod(0o755)
    return path


def _find(memo: digest.Memo, **changes: Any) -> Compilers:
    return probe.compilers(msgspec.structs.replace(GCC, **changes), memo)


def test_compilers_are_found_by_role(bin_: Path, memo: digest.Memo) -> None:
    gcc = compiler(bin_, "gcc")
    compiler(bin_, "g++", "other")
    found = _find(memo, env={"A": "1"}, flags="-x")
    assert found.paths == {"cc": str(gcc), "cxx": str(bin_ / "g++")}
    assert (found.version, found.machine, found.family) == ("13.2.0", "aarch64", "gcc")
    assert found.digests["cc"] == digest.of_file(gcc)
    assert found.digests["cc"] != found.digests["cxx"]
    cross = set() if platform.machine() == "aarch64" else {"cross"}
    assert found.words == {"native", "gcc"} | cross
    assert (found.env, found.flags) == ({"A": "1"}, "-x")
    assert found.libc


def test_the_first_name_that_is_there_is_taken(bin_: Path, memo: digest.Memo) -> None:
    for name in ("gcc", "gcc-14", "g++"):
        compiler(bin_, name)
    assert _find(memo).paths["cc"] == str(bin_ / "gcc-14")


def test_an_unchanged_compiler_is_asked_once(bin_: Path, memo: digest.Memo) -> None:
    compiler(bin_, "gcc")
    compiler(bin_, "g++")
    assert _find(memo) == _find(memo)
    asked = (bin_ / "asked").read_text()
    _find(memo)
    assert (bin_ / "asked").read_text() == asked
    compiler(bin_, "gcc", "gcc (Site) 14.1.0 and more")
    assert _find(memo).version == "14.1.0"
    assert _find(memo, version_pattern=r"(\d+)").version == "14"


def test_a_damaged_memory_is_no_memory(bin_: Path, memo: digest.Memo) -> None:
    gcc = compiler(bin_, "gcc")
    compiler(bin_, "g++")
    damaged: tuple[object, ...] = ([], [1], [[], []], "x", {"a": 1})
    for value in damaged:
        memo.put(f"compiler:{gcc}:{GCC.version_pattern}", value)
        assert _find(memo).version == "13.2.0"


@pytest.mark.parametrize(
    ("there", "where", "remedy"),
    [
        ((), "toolchain native: cc", "apt-get install gcc, or dnf install gcc"),
        (("gcc",), "toolchain native: cxx", "apt-get install g++"),
    ],
)
def test_missing_compiler(
    bin_: Path, memo: digest.Memo, there: tuple[str, ...], where: str, remedy: str
) -> None:
    for name in there:
        compiler(bin_, name)
    error = refusal(lambda: _find(memo))
    assert (error.where, error.remedy) == (where, remedy)
    assert "is not installed" in error.what


@pytest.mark.parametrize(
    ("changes", "says", "where", "told"),
    [
        ({"minimum": "13.10"}, "gcc (x) 13.2.0", "toolchain native", "13.10 is the oldest"),
        ({}, "no version", "toolchain native: version_pattern", "cannot be read from 'no version'"),
        ({"version_pattern": "(x)"}, "x", "toolchain native: version_pattern", "cannot be read"),
        ({"machine": "x86_64"}, "gcc (x) 13.2", "toolchain native: machine", "is for x86_64"),
    ],
)
def test_unfit_compiler(
    bin_: Path, memo: digest.Memo, changes: dict[str, Any], says: str, where: str, told: str
) -> None:
    compiler(bin_, "gcc", says)
    compiler(bin_, "g++")
    error = refusal(lambda: _find(memo, **changes))
    assert error.where == where
    assert told in error.what


def test_compilers_have_to_be_for_the_targets_machine() -> None:
    probe.suited(COMPILERS, TARGET)
    other = msgspec.structs.replace(COMPILERS, machine="x86_64")
    error = refusal(lambda: probe.suited(other, TARGET))
    assert error.where == "--target a64fx with toolchain native"
    assert "x86_64" in error.what


def test_compilers_have_to_know_the_target() -> None:
    for oldest in ("9", "13.2"):
        target = msgspec.structs.replace(TARGET, compilers={"gcc": oldest, "clang": "99"})
        probe.suited(COMPILERS, target)
    target = msgspec.structs.replace(TARGET, compilers={"gcc": "13.10"})
    error = refusal(lambda: probe.suited(COMPILERS, target))
    assert error.where == "--target a64fx"
    assert "13.10 is the first" in error.what


def test_flags_are_the_targets_own_or_archspecs() -> None:
    own = msgspec.structs.replace(TARGET, flags={"gcc": "-mcpu=mine"})
    assert probe.flags(own, COMPILERS) == "-mcpu=mine"
    assert "a64fx" in probe.flags(TARGET, COMPILERS)
    old = msgspec.structs.replace(COMPILERS, version="4.0.0")
    error = refusal(lambda: probe.flags(TARGET, old))
    assert error.where == "--target a64fx"


def test_the_running_python(memo: digest.Memo) -> None:
    found = probe.interpreter("", memo)
    assert found.version == platform.python_version()
    assert found.tag == f"cp3{sys.version_info.minor}"
    assert found.series == f"3.{sys.version_info.minor}"
    assert probe.interpreter(found.path, memo) == found


def test_no_such_python(bin_: Path, memo: digest.Memo, tmp_path: Path) -> None:
    compiler(bin_, "python9.9", "not a Python")
    for wanted in ("9.9", "9.8", str(tmp_path / "python"), str(bin_ / "python9.9")):
        error = refusal(partial(probe.interpreter, wanted, memo))
        assert error.where == f"--python {wanted}"
        assert "python3-dev" in error.remedy

"""What the whole run is for, as recipes, environments and keys get to see it."""

from __future__ import annotations

import msgspec

from builders import COMPILERS, SETTING, planned, recipe
from wheelforge.graph import BuildStep
from wheelforge.plan import Setting

MODAL = msgspec.structs.replace(COMPILERS, arguments={"cc": "-Nclang"})
MODES = Setting(target=SETTING.target, flags="", compilers=MODAL, python=SETTING.python)


def step(body: str = "", setting: Setting = MODES) -> BuildStep:
    found = planned({"demo": recipe("demo", body)}, setting=setting).step("build:demo")
    assert isinstance(found, BuildStep)
    return found


def test_arguments_are_part_of_what_builds_call() -> None:
    env = step('[build.env]\nTOOL = "{toolchain.cc}"\n').env
    assert env["CC"] == env["TOOL"] == "/usr/bin/gcc -Nclang"
    assert env["CXX"] == "/usr/bin/g++"
    assert "Nclang" not in env["PATH"]


def test_arguments_are_in_the_key() -> None:
    plain = Setting(target=SETTING.target, flags="", compilers=COMPILERS, python=SETTING.python)
    assert step().inputs["compiler.cc"].endswith(" -Nclang")
    assert step(setting=plain).inputs["compiler.cc"] == f"gcc 13.2.0 {'c' * 16}"


def test_the_series_of_the_python() -> None:
    assert step('[build.env]\nSERIES = "{python.series}"\n').env["SERIES"] == "3.12"

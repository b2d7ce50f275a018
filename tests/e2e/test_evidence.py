"""Evidence of whole builds: refused where it does not hold, the same after kill -9."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from command_line import Forge

pytestmark = pytest.mark.e2e

RECIPE = """
name = "many"
kind = "library"
summary = "twelve sources"
license = "MIT"
versions = ["1"]
[source]
type = "path"
path = "{tree}"
[build]
backend = "{backend}"
{build}
[install]
keep = ["keep"]
[[checks]]
type = "commands"
every = ["-O2|-O3"]
{checks}
"""
COUNT = 12
SOURCE = "int f{n}(int x) {{ return x + {n}; }}\n"
# each takes a moment, so that a kill comes between
MAKE = (
    "all: $(patsubst %.c,%.o,$(wildcard *.c))\n%.o: %.c\n\tsleep 0.2; $(CC) {flags} -c $< -o $@\n"
)
SCONS = """
import os
env = Environment(ENV=os.environ, CC=os.environ["CC"], CCFLAGS=["-O2"])
objects = [env.StaticObject(source) for source in Glob("*.c")]
env.AddPreAction(objects, "sleep 0.2")
env.StaticLibrary("many", objects)
"""
CMAKE = """
cmake_minimum_required(VERSION 3.16)
project(many C)
option(ACCELERATED "" OFF)
file(GLOB sources *.c)
add_library(many STATIC ${sources})
install(TARGETS many)
"""
BUILDS = {
    "make": ("make", 'targets = ["all"]'),
    "scons": ("scons", ""),
    "cmake": ("cmake", '[build.options]\nCMAKE_BUILD_TYPE = "Release"'),
}


def plant(forge: Forge, backend: str, *, checks: str = "", flags: str = "-O2") -> None:
    tree = forge.root / "tree"
    tree.mkdir()
    (tree / "keep").touch()
    for number in range(COUNT):
        (tree / f"s{number:02}.c").write_text(SOURCE.format(n=number))
    install = "\ninstall:\n\ttrue\n"
    (tree / "Makefile").write_text(MAKE.format(flags=flags) + install)
    (tree / "SConstruct").write_text(SCONS)
    (tree / "CMakeLists.txt").write_text(CMAKE)
    name, build = BUILDS[backend]
    text = RECIPE.format(tree=tree, backend=name, build=build, checks=checks)
    if backend == "cmake":
        text = text.replace('[install]\nkeep = ["keep"]\n', "")
    forge.recipe("many", text)


def known(forge: Forge) -> list[dict[str, Any]]:
    """What was compiled, as `store evidence` tells it."""
    return json.loads(forge.good("store", "evidence", "many"))


@pytest.mark.parametrize("backend", ["make", "scons"])
def test_evidence_survives_kill_nine(tmp_path: Path, backend: str) -> None:
    if not shutil.which("gcc"):
        pytest.skip("no gcc")
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    whole, killed = Forge(tmp_path / "whole"), Forge(tmp_path / "killed")
    for forge in (whole, killed):
        plant(forge, backend)
    whole.good("build", "many")
    child = subprocess.Popen(
        killed.command("build", "many"), env=killed.env(), cwd=killed.root,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while _noted(killed) < COUNT // 3:
        assert time.monotonic() < deadline
        assert child.poll() is None
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    before = _noted(killed)
    assert before < COUNT
    killed.good("build", "many")
    expected = known(whole)
    assert known(killed) == expected
    assert [Path(item["file"]).name for item in expected] == [f"s{n:02}.c" for n in range(COUNT)]
    assert all("-O2" in item["arguments"] for item in expected)


def _noted(forge: Forge) -> int:
    return sum(
        line.startswith("=")
        for file in forge.home.glob("work/*/commands")
        for line in file.read_text().split("\n")
    )


def test_what_is_not_optimised_is_rejected_by_name(forge: Forge) -> None:
    plant(forge, "make", flags="-O2 -O0")
    ran = forge.run("build", "many")
    assert ran.code == 3
    assert "12 of 12 files were compiled without -O2|-O3: s00.c (-O0), s01.c (-O0)" in ran.err
    assert "and 7 more" in ran.err
    assert "wheelforge store evidence many" in ran.err


def test_a_variable_that_is_not_what_was_asked_for_is_rejected(forge: Forge) -> None:
    checks = "[[checks]]\ntype = 'cmake'\ncache = { ACCELERATED = true }\n"
    plant(forge, "cmake", checks=checks)
    ran = forge.run("build", "many")
    assert ran.code == 3
    assert "ACCELERATED is 'OFF', not ON (build/CMakeCache.txt)" in ran.err
    assert "ACCELERATED:BOOL=OFF" in forge.good("store", "evidence", "many", "--cmake")
    assert len(known(forge)) == COUNT

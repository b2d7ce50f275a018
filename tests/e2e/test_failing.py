"""A source that does not compile, or not in the memory there is: the error says which and how."""

from __future__ import annotations

import re
import shutil

import pytest

from command_line import Forge

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not shutil.which("g++"), reason="no g++"),
]

RECIPE = """
name = "broken"
kind = "library"
summary = "does not compile"
license = "MIT"
versions = ["1"]
[source]
type = "path"
path = "{root}/tree"
[build]
backend = "cmake"
"""
LISTS = """
cmake_minimum_required(VERSION 3.16)
project(broken CXX)
add_library(broken SHARED good.cpp {source})
install(TARGETS broken)
"""
BROKEN = "int broken() { return undeclared; }\n"
# As gcc says when the kernel killed its compiler proper.
HUNGRY = """#!/bin/sh
case "$*" in
  *hungry.cpp*) kill -9 $$;;
  *) exec g++ "$@";;
esac
"""


def library(forge: Forge, source: str, text: str) -> None:
    tree = forge.root / "tree"
    tree.mkdir()
    (tree / "CMakeLists.txt").write_text(LISTS.format(source=source))
    (tree / "good.cpp").write_text("int good() { return 1; }\n")
    (tree / source).write_text(text)
    forge.recipe("broken", RECIPE.format(root=forge.root))


def test_the_error_names_the_compile(forge: Forge) -> None:
    library(forge, "broken.cpp", BROKEN)
    ran = forge.run("build", "broken")
    assert ran.code == 2
    command = (
        r"compiling src/broken\.cpp \(it held [\d.]+ MiB at most\):\n +cd \S+ && \S+g\+\+ .*-c "
    )
    assert re.search(r"build failed with exit code 1: \S+broken\.cpp:1:\d+: error: ", ran.err)
    assert re.search(command + r"\S+/src/broken\.cpp", ran.err)
    assert "out of memory" not in ran.err


def test_want_of_memory_is_told_apart(forge: Forge) -> None:
    library(forge, "hungry.cpp", "int hungry() { return 1; }\n")
    compiler = forge.root / "hungry-g++"
    compiler.write_text(HUNGRY)
    compiler.chmod(0o755)
    toolchain = forge.root / "hungry.toml"
    toolchain.write_text(
        'name = "hungry"\nsummary = "is killed"\nfamily = "gcc"\nmachine = "native"\n'
        f'[programs]\ncc = ["gcc"]\ncxx = ["{compiler}"]\n'
    )
    ran = forge.run("build", "broken", "--toolchain", toolchain)
    assert ran.code == 2
    assert "out of memory: src/hungry.cpp was killed" in ran.err
    assert "compiling src/hungry.cpp" in ran.err
    assert "give it more memory" in ran.err

"""Real builds, and what is known of them afterwards: every object, by its command."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gates import GIB, Room
from jobs import Bench, build_step
from wheelforge import programs
from wheelforge.broker import Keeper, Wish
from wheelforge.building import build
from wheelforge.evidence import Evidence, decode
from wheelforge.graph import Command
from wheelforge.job import Gates
from wheelforge.recipe import Install
from wheelforge.store import EVIDENCE, Entry

CMAKE = """
cmake_minimum_required(VERSION 3.16)
project(demo C CXX)
include(CheckCCompilerFlag)
check_c_compiler_flag(-funroll-loops UNROLLS)
option(WITH_THREADS "of no use" ON)
file(WRITE ${CMAKE_BINARY_DIR}/made.c "int made(void) { return 3; }\\n")
add_library(demo SHARED one.c two.cc ${CMAKE_BINARY_DIR}/made.c)
"""
SCONS = """
import os
env = Environment(ENV=os.environ, CC=os.environ["CC"], CXX=os.environ["CXX"], CCFLAGS=["-O2"])
env.SharedLibrary("demo", ["one.c", "two.cc"])
"""
MAKE = """
libdemo.so: one.o two.o
	$(CXX) -shared -o $@ $^
%.o: %.c
	$(CC) -O2 -fPIC -c $< -o $@
%.o: %.cc
	$(CXX) -O2 -fPIC -c $< -o $@
"""
SETUP = """
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

class Build(build_ext):
    def build_extensions(self):
        self.compiler.has_function("printf")
        super().build_extensions()

setup(name="demo", version="1", cmdclass={"build_ext": Build},
      ext_modules=[Extension("demo", ["module.c"], extra_compile_args=["-O2"])])
"""
MODULE = "#include <Python.h>\nPyMODINIT_FUNC PyInit_demo(void) { return NULL; }\n"


class Shop:
    """Builds with gates in front of the compilers, as a run has them."""

    def __init__(self, root: Path, gate: Path | None) -> None:
        self.bench = Bench(root)
        self.gate = gate
        tree = self.bench.tree
        (tree / "one.c").write_text("int one(void) { return 1; }\n")
        (tree / "two.cc").write_text("#include <cstddef>\nint two(std::size_t x) { return x; }\n")
        (tree / "module.c").write_text(MODULE)
        (tree / "CMakeLists.txt").write_text(CMAKE)
        (tree / "SConstruct").write_text(SCONS)
        (tree / "Makefile").write_text(MAKE)
        (tree / "setup.py").write_text(SETUP)

    def build(self, *commands: list[str], key: str = "5" * 64, ccache: Path | None = None) -> Entry:
        bench = self.bench
        env = {
            "PATH": f"{Path(sys.prefix, 'bin')}:{os.environ['PATH']}",
            "TMPDIR": "@{work}/tmp",  # as every plan has it
            "CC": "gcc",
            "CXX": "g++",
        }
        step = build_step(
            *(
                Command(label=f"command-{number}", argv=tuple(argv), cwd="@{src}", offline=False)
                for number, argv in enumerate(commands)
            ),
            unpack=(bench.source,),
            install=Install(keep=("file",)),
            env=env,
        )
        keeper = Keeper(jobs=2, room=Room(), peaks=bench.home / "peaks", tell=bench.events.append)
        job = bench.job(step, key=key)
        if self.gate is not None:
            gates = Gates(keeper=keeper, gate=self.gate, ccache=ccache, cache=bench.home / "ccache")
            job.workshop = replace(job.workshop, gates=gates)

        async def go() -> Entry:
            async with keeper.open(lambda: None):
                wish = Wish(jobs=2, memory_per_job=GIB, step=step.id)
                lease = keeper.admit(wish, ())
                assert lease is not None
                try:
                    return await build(job, step)
                finally:
                    keeper.release(lease)

        return asyncio.run(go())


def known(entry: Entry) -> Evidence:
    assert entry.evidence
    return decode(entry.evidence.read_bytes(), str(entry.evidence))


def levels(entry: Entry) -> dict[str, str]:
    """Every source, with the -O it was compiled with."""
    return {
        item.near: " ".join(word for word in item.argv if word.startswith("-O"))
        for item in known(entry).commands
    }


@pytest.fixture
def shop(tmp_path: Path, program: Path) -> Shop:
    for name in ("gcc", "g++"):
        if not shutil.which(name):
            pytest.skip(f"no {name}")
    return Shop(tmp_path, program)


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(programs.find(name) is None, reason=f"no {name}")


BOTH = {"one.c": "-O2", "two.cc": "-O2"}


@needs("cmake")
def test_cmake(shop: Shop) -> None:
    """Trials do not count, what the build generates does."""
    entry = shop.build(
        ["cmake", "-S", "@{src}", "-B", "@{build}", "-DCMAKE_BUILD_TYPE=Release"],
        ["cmake", "--build", "@{build}", "--parallel", "2"],
    )
    assert levels(entry) == {"one.c": "-O3", "two.cc": "-O3", "build/made.c": "-O3"}
    [cache] = known(entry).caches
    assert cache.path == "@{build}/CMakeCache.txt"
    assert cache.settings["WITH_THREADS"].value == "ON"
    assert cache.settings["UNROLLS"].value == "1"
    assert cache.settings["demo_BINARY_DIR"].value == "@{build}"
    # it is beside the result, not in it
    assert [file.path for file in entry.manifest.files] == ["file"]
    assert (entry.path / EVIDENCE).is_file()


@needs("cmake")
def test_without_a_build_type_nothing_is_optimised(shop: Shop) -> None:
    entry = shop.build(
        ["cmake", "-S", "@{src}", "-B", "@{build}"], ["cmake", "--build", "@{build}"]
    )
    assert set(levels(entry).values()) == {""}


@needs("make")
def test_make_below_another_key_has_the_same_evidence(shop: Shop) -> None:
    first, second = (shop.build(["make", "-j2"], key=key) for key in ("1" * 64, "2" * 64))
    assert levels(first) == BOTH
    assert (first.path / EVIDENCE).read_bytes() == (second.path / EVIDENCE).read_bytes()
    assert first.manifest.output == second.manifest.output


@needs("scons")
def test_scons(shop: Shop) -> None:
    assert levels(shop.build(["scons", "-j2"])) == BOTH


def test_setuptools(shop: Shop) -> None:
    """What setuptools tries out in TMPDIR does not count."""
    python = Path(sys.prefix, "bin", "python")
    entry = shop.build([str(python), "setup.py", "build_ext", "--inplace"])
    [(source, level)] = levels(entry).items()
    assert source == "module.c"
    assert level.endswith("-O2")


@needs("make")
@needs("ccache")
def test_hits_of_ccache_count_as_well(shop: Shop) -> None:
    plain = shop.build(["make"], key="1" * 64)
    ccache = programs.find("ccache")
    filled, hit = (shop.build(["make"], key=key * 64, ccache=ccache) for key in "23")
    kept = {(entry.path / EVIDENCE).read_bytes() for entry in (plain, filled, hit)}
    assert len(kept) == 1
    assert levels(hit) == BOTH


@needs("make")
def test_a_build_that_failed_half_way_is_known_from_its_beginning(shop: Shop) -> None:
    clean = shop.build(["make"], key="1" * 64)
    script = "make one.o && test -e go || { touch go; exit 1; }"
    with pytest.raises(Exception, match="failed with exit code 1"):
        shop.build(["sh", "-c", script], ["make"], key="2" * 64)
    resumed = shop.build(["sh", "-c", script], ["make"], key="2" * 64)
    assert (resumed.path / EVIDENCE).read_bytes() == (clean.path / EVIDENCE).read_bytes()


@needs("make")
def test_a_folder_of_a_version_without_evidence_is_not_taken_for_known(shop: Shop) -> None:
    work = shop.bench.home / "work" / ("7" * 20)
    (work / "units").mkdir(parents=True)
    entry = shop.build(["make"], key="7" * 64)
    assert known(entry).commands == ()
    assert "begun by a wheelforge that kept no commands" in known(entry).missing


@needs("make")
def test_without_a_gate_it_says_so(tmp_path: Path) -> None:
    entry = Shop(tmp_path, None).build(["make"])
    assert "no gate" in known(entry).missing

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gates import GIB, Room, Site
from jobs import Bench, build_step
from wheelforge import programs
from wheelforge.broker import Keeper, Wish
from wheelforge.broker.budget import Place
from wheelforge.broker.claims import Claims
from wheelforge.broker.jobserver import JobServer
from wheelforge.broker.journal import Journal
from wheelforge.broker.seat import Seat
from wheelforge.errors import BuildError
from wheelforge.events import CacheUsed, UnitFinished
from wheelforge.gatehouse import NAME
from wheelforge.graph import Command
from wheelforge.job import Gated, Gates, Job
from wheelforge.job.gated import names_of
from wheelforge.recipe import Install, Resources

Dress = Callable[..., dict[str, str]]


def program_at(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


@contextmanager
def gated(site: Site, ccache: Path | None = None) -> Iterator[Gated]:
    work = site.root / "build-a"
    claims = Claims(site.root / "peaks" / "demo.json", GIB)
    seat = Seat(Place("build:a"), str(work), claims, Journal(work), JobServer(), lambda _: None)
    gates = Gates(keeper=site.keeper, gate=site.gate, ccache=ccache, cache=site.root / "cache")
    yield Gated(seat, work / "gate", gates)
    seat.close()


@pytest.fixture
def dressed(site: Site) -> Iterator[Gated]:
    with gated(site) as one:
        yield one


def real(one: Gated) -> dict[str, str]:
    """The compilers that the gate stands for."""
    names = {link.name: str(link.readlink()) for link in (one.folder / "real").iterdir()}
    assert {link.name for link in (one.folder / "bin").iterdir()} == set(names)
    return names


def test_every_usual_name_in_the_path_is_gated(dressed: Gated, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    expected = {name: program_at(tools / name) for name in ("cc", "gcc", "c++", "gfortran")}
    program_at(tools / "python")
    env = dressed.dress({"PATH": str(tools), "OTHER": "1"})
    assert real(dressed) == expected
    assert env["PATH"] == f"{dressed.folder}/bin:{tools}"
    assert env["OTHER"] == "1"
    assert "CC" not in env
    assert env["MAKEFLAGS"] == dressed.seat.server.flags
    assert env["WHEELFORGE_BROKER"] == str(dressed.gates.keeper.socket)


def test_compilers_elsewhere_are_gated_by_their_names(dressed: Gated, tmp_path: Path) -> None:
    fcc = program_at(tmp_path / "fujitsu" / "fcc")
    env = dressed.dress({"PATH": "/nowhere", "CC": f"{fcc} -Nclang", "MAKEFLAGS": "-k"})
    assert env["CC"] == "fcc -Nclang"
    assert real(dressed) == {"fcc": fcc}
    assert env["MAKEFLAGS"].startswith("-k --jobserver-auth=")
    launcher = Path(env["CMAKE_C_COMPILER_LAUNCHER"])
    assert (launcher.name, launcher.resolve()) == (NAME, dressed.gates.gate.resolve())
    assert env["CMAKE_C_LINKER_LAUNCHER"] == str(launcher)
    assert "CMAKE_CXX_COMPILER_LAUNCHER" not in env
    first, *_ = Path(env["CMAKE_TOOLCHAIN_FILE"]).read_text().splitlines()
    assert first == f'set(CMAKE_C_COMPILER "{fcc};-Nclang" CACHE STRING "from CC")'


def test_a_cross_compilers_relatives_are_gated_too(dressed: Gated, tmp_path: Path) -> None:
    tools = tmp_path / "cross"
    names = [f"aarch64-linux-gnu-{name}" for name in ("gcc", "g++", "gfortran")]
    expected = {name: program_at(tools / name) for name in names}
    env = dressed.dress({"PATH": str(tools), "CC": expected["aarch64-linux-gnu-gcc"]})
    assert real(dressed) == expected
    assert env["CC"] == "aarch64-linux-gnu-gcc"


@pytest.mark.parametrize("name", ["gcc-12", "aarch64-linux-gnu-gcc-12", "mpicc"])
def test_a_compiler_of_any_name_is_gated(dressed: Gated, tmp_path: Path, name: str) -> None:
    path = program_at(tmp_path / "tools" / name)
    env = dressed.dress({"PATH": str(tmp_path / "tools"), "CC": name})
    assert real(dressed) == {name: path}
    assert env["CC"] == name
    told = Path(env["CMAKE_TOOLCHAIN_FILE"]).read_text()
    assert f'set(CMAKE_C_COMPILER "{path}" CACHE STRING "from CC")\n' in told


def test_a_toolchain_file_of_the_recipe_is_kept(dressed: Gated) -> None:
    env = dressed.dress({"PATH": "/bin", "CMAKE_TOOLCHAIN_FILE": "/its/own.cmake"})
    text = Path(env["CMAKE_TOOLCHAIN_FILE"]).read_text()
    assert text.startswith('include("/its/own.cmake")\n')


def test_what_is_gone_is_gated_no_more(dressed: Gated, tmp_path: Path) -> None:
    program_at(tmp_path / "one" / "gcc")
    program_at(tmp_path / "two" / "g++")
    dressed.dress({"PATH": str(tmp_path / "one")})
    dressed.dress({"PATH": str(tmp_path / "two")})
    assert set(real(dressed)) == {"g++"}


def test_names_have_the_machines_in_front() -> None:
    names = names_of({"CC": ["/opt/x/riscv64-unknown-linux-gnu-gcc"], "FC": ["gfortran"]})
    assert {"gcc", "g++", "FCC", "riscv64-unknown-linux-gnu-g++"} <= names


def test_settings_of_ccache_are_there_only_with_it(dressed: Gated) -> None:
    assert not any("CCACHE" in name for name in dressed.dress({"PATH": "/bin"}))
    with_it = replace(dressed, gates=replace(dressed.gates, ccache=Path("/x/ccache")))
    env = with_it.dress({"PATH": "/bin"})
    assert env["WHEELFORGE_CCACHE"] == "/x/ccache"
    assert env["CCACHE_BASEDIR"] == dressed.seat.work
    assert with_it.hits() == (0, 0)
    (dressed.folder / "ccache.stats").write_text(
        "# a.c\ndirect_cache_hit\n# b.c\npreprocessed_cache_hit\nlocal_storage_hit\n"
        "# c.c\ncache_miss\ndirect_cache_miss\n"
    )
    assert with_it.hits() == (2, 1)


# ---- real builds ----

CMAKE = """
cmake_minimum_required(VERSION 3.16)
project(demo C CXX)
find_program(CCACHE_PROGRAM ccache)    # as torchaudio does
if(CCACHE_PROGRAM)
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
add_library(demo SHARED one.c two.cc)
install(TARGETS demo)
"""
SCONS = """
import os
env = Environment(ENV=os.environ, CC=os.environ["CC"], CXX=os.environ["CXX"])
env.SharedLibrary("demo", ["one.c", "two.cc"])
"""
MAKE = """
libdemo.so: one.o two.o
	$(CXX) -shared -o $@ $^
%.o: %.c
	$(CC) -fPIC -c $< -o $@
%.o: %.cc
	$(CXX) -fPIC -c $< -o $@
"""
BUILT = [("compile", "one"), ("compile", "two"), ("link", "libdemo")]


class Works:
    """Jobs whose compilers are gated, as a run has them."""

    def __init__(self, root: Path, gate: Path) -> None:
        self.bench = Bench(root)
        self.gate = gate
        tree = self.bench.tree
        (tree / "one.c").write_text("int one(void) { return 1; }\n")
        (tree / "two.cc").write_text("#include <cstddef>\nint two(std::size_t x) { return x; }\n")
        (tree / "CMakeLists.txt").write_text(CMAKE)
        (tree / "SConstruct").write_text(SCONS)
        (tree / "Makefile").write_text(MAKE)

    def run(self, *commands: list[str], key: str = "5" * 64, ccache: Path | None = None) -> Job:
        """Run commands in a copy of the tree; `@{…}` as in steps."""
        bench = self.bench
        keeper = Keeper(jobs=2, room=Room(), peaks=bench.home / "peaks", tell=bench.events.append)
        step = build_step(install=Install())
        job = bench.job(step, key=key)
        gates = Gates(keeper=keeper, gate=self.gate, ccache=ccache, cache=bench.home / "ccache")
        job.workshop = replace(job.workshop, gates=gates)

        async def go() -> None:
            async with keeper.open(lambda: None):
                lease = keeper.admit(Wish(jobs=2, memory_per_job=GIB, step=step.id), ())
                assert lease is not None
                async with job.gated(Resources()) as gated:
                    for argv in commands:
                        command = Command(label=argv[0], argv=tuple(argv), cwd="@{src}")
                        await job.run(command, self.paths(job), self.env(), 1.0, gated)
                keeper.release(lease)

        shutil.copytree(bench.tree, job.work / "src", dirs_exist_ok=True)
        asyncio.run(go())
        return job

    def paths(self, job: Job) -> Mapping[str, str]:
        return {name: str(job.work / name) for name in ("src", "build", "stage")}

    def env(self) -> dict[str, str]:
        return {"PATH": f"{Path(sys.prefix, 'bin')}:{os.environ['PATH']}", "CC": "gcc",
                "CXX": "g++"}  # fmt: skip

    def units(self) -> list[tuple[str, str]]:
        """Every compile and link that was told, by the name of its source or output."""
        told = self.bench.told(UnitFinished)
        assert all(unit.code == 0 for unit in told)
        names = [unit.output if unit.kind == "link" else unit.source for unit in told]
        kinds = [unit.kind for unit in told]
        return sorted((kind, Path(name).stem) for kind, name in zip(kinds, names, strict=True))


@pytest.fixture
def works(tmp_path: Path, program: Path) -> Works:
    for name in ("gcc", "g++"):
        if not shutil.which(name):
            pytest.skip(f"no {name}")
    return Works(tmp_path, program)


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(programs.find(name) is None, reason=f"no {name}")


def no_trace(job: Job, *products: Path) -> None:
    """What is delivered knows nothing of the gate."""
    assert products
    for product in products:
        content = product.read_bytes()
        assert NAME.encode() not in content, product
        assert str(job.work / "gate").encode() not in content, product


@needs("cmake")
@pytest.mark.parametrize("generator", ["Ninja", "Unix Makefiles"])
def test_cmake(works: Works, generator: str) -> None:
    if programs.find({"Ninja": "ninja"}.get(generator, "make")) is None:
        pytest.skip(f"no program for {generator}")
    job = works.run(
        ["cmake", "-G", generator, "-S", "@{src}", "-B", "@{build}", "-DCMAKE_BUILD_TYPE=Release"],
        ["cmake", "--build", "@{build}", "--parallel", "@{jobs}"],
        ["cmake", "--install", "@{build}", "--prefix", "@{stage}"],
    )
    assert works.units() == [("compile", "one"), ("compile", "two"), ("link", "libdemo")]
    (known,) = (job.work / "build" / "CMakeFiles").glob("*/CMakeCCompiler.cmake")
    assert f'set(CMAKE_C_COMPILER "{shutil.which("gcc")}")' in known.read_text().splitlines()
    no_trace(job, *(job.work / "stage").rglob("*.so"))


@needs("scons")
def test_scons(works: Works) -> None:
    job = works.run(["scons", "-j", "@{jobs}"])
    assert works.units() == BUILT
    no_trace(job, job.work / "src" / "libdemo.so")
    # scons lost its memory: what is there is put back
    for name in (".sconsign.dblite", "libdemo.so"):
        (job.work / "src" / name).unlink()
    works.bench.events.clear()
    works.run(["scons", "-j", "@{jobs}"])
    reused = {unit.kind: unit.reused for unit in works.bench.told(UnitFinished)}
    assert reused == {"compile": True, "link": False}


@needs("make")
def test_make_without_jobs(works: Works) -> None:
    job = works.run(["make"])
    assert works.units() == BUILT
    no_trace(job, job.work / "src" / "libdemo.so")
    assert "warning" not in works.bench.log()


@needs("make")
def test_a_compile_that_fails_is_named(works: Works) -> None:
    (works.bench.tree / "two.cc").write_text("int two( { }\n")
    with pytest.raises(BuildError) as caught:
        works.run(["make", "-k"])
    error = caught.value
    assert error.what.startswith("make failed with exit code 2: two.cc:1:")
    assert "compiling src/two.cc (it held" in error.remedy
    assert "-fPIC -c two.cc -o two.o" in error.remedy


@needs("make")
def test_below_a_link_in_the_path_of_the_home(works: Works, tmp_path: Path) -> None:
    """Compilers say where they are by the real path, whatever the user's home is called."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    works.bench.home = tmp_path / "link"
    works.run(["make"])
    assert {unit.source for unit in works.bench.told(UnitFinished)} >= {"src/one.c", "src/two.cc"}


@needs("make")
@needs("ccache")
def test_another_work_folder_finds_what_was_compiled(works: Works) -> None:
    ccache = programs.find("ccache")
    works.run(["make"], key="1" * 64, ccache=ccache)
    assert works.units() == BUILT
    assert [(used.hits, used.misses) for used in works.bench.told(CacheUsed)] == [(0, 2)]
    works.bench.events.clear()
    works.run(["make"], key="2" * 64, ccache=ccache)
    assert works.units() == [("link", "libdemo")]  # a hit need not wait for a job
    assert [(used.hits, used.misses) for used in works.bench.told(CacheUsed)] == [(2, 0)]


def test_who_is_told_the_jobs_is_not_told_of_a_jobserver(works: Works) -> None:
    """GNU make would warn of it."""
    job = works.run(["make", "-j@{jobs}"])
    assert ("compile", "one") in works.units()
    assert "jobserver" not in job.log.read_text()

from __future__ import annotations

import re
import shlex
from importlib import resources

import pytest

from wheelforge.broker.unit import Unit, unit_of
from wheelforge.invocation import SEPARATE

WORK = "/home/me/k1"
CWD = f"{WORK}/build"


def unit(line: str, kind: str = "compile", cwd: str = CWD, work: str = WORK) -> Unit:
    return unit_of(kind, cwd, shlex.split(line), work)


@pytest.mark.parametrize(
    ("line", "source", "output", "group", "tracked"),
    [
        ("gcc -c a.c -o a.o", "build/a.c", "build/a.o", "compile c", True),
        ("g++ -O2 -o obj/a.o -c ../src/a.cpp", "src/a.cpp", "build/obj/a.o", "compile c++", True),
        ("g++ -oa.o -c a.cc", "build/a.cc", "build/a.o", "compile c++", True),
        ("/usr/bin/gcc -c sub/a.c", "build/sub/a.c", "build/a.o", "compile c", True),
        ("gcc -S a.c", "build/a.c", "build/a.s", "compile c", False),
        ("gcc -fsyntax-only a.c", "build/a.c", "", "compile c", False),
        ("gcc -c 'a b.c' -o 'out put/a b.o'", "build/a b.c", "build/out put/a b.o",
         "compile c", True),
        (f"gcc -c {WORK}/src/./a.c -o {WORK}/src/../o/a.o", "src/a.c", "o/a.o",
         "compile c", True),
        ("gcc -c /usr/src/a.c -o /usr/obj/a.o", "/usr/src/a.c", "/usr/obj/a.o", "compile c", True),
        ("gcc -c a.c b.c", "build/a.c", "build/a.o", "compile c", False),
        ("gfortran -c a.f90 -o a.o", "build/a.f90", "build/a.o", "compile fortran", False),
        ("gfortran -J mods -c a.F", "build/a.F", "build/a.o", "compile fortran", False),
        ("gcc -c a.S", "build/a.S", "build/a.o", "compile asm", False),
        ("clang++ -target aarch64-linux-gnu -Xclang -foo -c a.cxx", "build/a.cxx", "build/a.o",
         "compile c++", True),
        ("nvcc -ccbin g++ -gencode arch=compute_80,code=sm_80 -c a.cu -o a.o", "build/a.cu",
         "build/a.o", "compile c++", True),
        ("gcc -x c++ -c a.inc -o a.o", "build/a.inc", "build/a.o", "compile other", False),
        ("gcc -I inc -D X=1 -include pre.h -isystem sys -c a.c", "build/a.c", "build/a.o",
         "compile c", True),
        ("gcc -B /opt/bin --sysroot /opt/root -c a.c", "build/a.c", "build/a.o",
         "compile c", True),
        ("gcc -MD -MT a.o -MF a.d -c a.c -o a.o", "build/a.c", "build/a.o", "compile c", False),
        ("gcc -MMD -MP -c a.c -o a.o", "build/a.c", "build/a.o", "compile c", False),
        ("gcc -Wp,-MD,.a.d -c a.c", "build/a.c", "build/a.o", "compile c", False),
        ("gcc -c @flags a.c", "build/a.c", "build/a.o", "compile c", False),
        ("gcc -march=native -c a.c", "build/a.c", "build/a.o", "compile c", True),
        ("icpc -openmp -c a.cc", "build/a.cc", "build/a.o", "compile c++", True),
        ("gcc -c a.c -o", "build/a.c", "build/a.o", "compile c", True),
        ("gcc -c", "", "", "compile other", False),
    ],
)  # fmt: skip
def test_a_compile_is_read_from_its_command_line(
    line: str, source: str, output: str, group: str, tracked: bool
) -> None:
    found = unit(line)
    near = found.beside(WORK)
    assert (near.source, near.output, near.group, near.tracked) == (source, output, group, tracked)
    for path in (found.source, found.output):
        assert path == "" or path.startswith("/")


@pytest.mark.parametrize(
    ("line", "source", "output", "group"),
    [
        ("gcc a.o b.o -o prog", "", "build/prog", "link"),
        ("g++ -shared -Wl,-soname,libx.so -h libx.so.1 -o lib/libx.so a.o -L. -l y", "",
         "build/lib/libx.so", "link shared"),
        ("gcc -T script.ld -e start -u sym -z now a.o -o k", "", "build/k", "link"),
        ("g++ @objects.rsp -o prog", "", "build/prog", "link"),
        ("gcc main.c -o prog", "build/main.c", "build/prog", "link"),
        ("gcc main.c", "build/main.c", "", "link"),
    ],
)  # fmt: skip
def test_a_link_is_read_from_its_command_line(
    line: str, source: str, output: str, group: str
) -> None:
    found = unit(line, "link").beside(WORK)
    assert (found.source, found.output, found.group) == (source, output, group)
    assert not found.tracked


def test_the_gate_knows_the_same_options_with_a_word() -> None:
    text = resources.files("wheelforge.gatehouse").joinpath("gate.c").read_text()
    listed = re.search(r"with_word\[\] = \{(.*?)NULL", text, re.DOTALL)
    assert listed
    assert set(re.findall(r'"([^"]+)"', listed[1])) == SEPARATE


def test_the_work_folders_name_does_not_count_and_everything_else_does() -> None:
    line = "gcc -I{0}/src -c {0}/src/a.c -o a.o"
    here = unit(line.format(WORK))
    other = "/scratch/w"
    there = unit(line.format(other), cwd=f"{other}/build", work=other)
    assert here.sign == there.sign
    assert here.beside(WORK) == there.beside(other)
    others = [
        unit(line.format(WORK) + " -O2"),
        unit(line.format(WORK) + " -DA -DB"),
        unit(line.format(WORK) + " '-DA -DB'"),
        unit(line.format(WORK) + " -DB -DA"),
        unit(line.format(WORK), cwd=f"{WORK}/other"),
        unit(line.format(WORK).replace("gcc", "/opt/gcc")),
    ]
    assert len({here.sign, *(one.sign for one in others)}) == 1 + len(others)


@pytest.mark.parametrize(
    ("line", "cwd", "trial"),
    [
        ("cc -c testCCompiler.c -o CMakeFiles/x.dir/testCCompiler.c.o",
         f"{CWD}/CMakeFiles/CMakeScratch/TryCompile-a1B", True),
        ("cc -c x.c -o x.o", f"{CWD}/CMakeFiles/CMakeTmp", True),
        ("cc -c conftest.c", CWD, True),
        ("cc -o conftest conftest.c -lm", CWD, True),
        ("cc testfile.c -o output.exe", f"{CWD}/meson-private/tmpx", True),
        ("g++ -o .sconf_temp/conftest_0.o -c .sconf_temp/conftest_0.cpp", CWD, True),
        ("cc -c config.c", CWD, False),
        ("cc -c src/test.c", CWD, False),
    ],
)  # fmt: skip
def test_what_a_configuration_tries_out_is_known_as_such(line: str, cwd: str, trial: bool) -> None:
    assert unit(line, cwd=cwd).trial is trial


def test_bytes_that_are_no_text_are_told_as_such() -> None:
    odd = unit("gcc -c a\udcff.c -o a\udcff.o")
    assert odd.output == f"{CWD}/a\udcff.o"  # its name on disk
    assert odd.beside(WORK).source == "build/a�.c"
    assert odd.sign != unit("gcc -c a\udcfe.c -o a\udcfe.o").sign

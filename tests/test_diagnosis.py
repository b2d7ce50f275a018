from __future__ import annotations

import pytest

from wheelforge.diagnosis import disk_full, first_error

NOISE = "cc -Werror -c error_handler.c -o error_handler.o"


@pytest.mark.parametrize(
    "line",
    [
        "src/a.cpp:12:3: error: 'x' was not declared in this scope",
        "a.c:1:10: fatal error: arm_sve.h: No such file or directory",
        "a.o: in function `f': undefined reference to `cblas_sgemm'",
        "/usr/bin/ld: cannot find -lopenblas: No such file or directory",
        "CMake Error at CMakeLists.txt:3 (find_package):",
        "scons: *** No SConstruct file found.",
        "ModuleNotFoundError: No module named 'numpy'",
        "ValueError: bad",
        "meson.build:1:0: ERROR: Unknown compiler(s)",
        "g++: fatal error: Killed signal terminated program cc1plus",
        "c++: internal compiler error: Segmentation fault",
        "make: *** No rule to make target 'libs'.  Stop.",
        "sh: 1: gfortran: command not found",
        "Hunk #1 FAILED at 7.",
        "error: unknown option '--foo'",
        "cc1plus: out of memory allocating 65536 bytes",
    ],
)
def test_the_first_certain_error_wins(line: str) -> None:
    before = [NOISE, "warning: this may fail", "ninja: failed to be quick"]
    after = ["make: *** [Makefile:3: all] Error 2", "ninja: build stopped: subcommand failed."]
    lines = [*before, line, *after]
    assert first_error(lines) == line


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], ""),
        (["", "  "], ""),
        (["all is well", "", "bye  ", ""], "bye"),
        (["one", "the build failed", "two"], "the build failed"),
        (["make: *** [Makefile:3: all] Error 2", "bye"], "make: *** [Makefile:3: all] Error 2"),
        (["scons: *** [a.o] Error 1", "a.c:1: error: x"], "a.c:1: error: x"),
    ],
)
def test_without_a_certain_error(lines: list[str], expected: str) -> None:
    assert first_error(lines) == expected


def test_full_disks() -> None:
    assert disk_full(["x", "cp: error writing 'a': No space left on device"])
    assert disk_full(["tar: a: Cannot write: Disk quota exceeded"])
    assert not disk_full(["there is plenty of space left on the device"])

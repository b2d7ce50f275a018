"""Checks of a recipe against evidence."""

from __future__ import annotations

import shlex

import pytest

from wheelforge.evidence import Cache, Compile, Setting, cache_faults, command_faults
from wheelforge.recipe import CMakeCheck, CommandsCheck


def compiled(**commands: str) -> list[Compile]:
    """Sources (`a_c` is a.c, `x__b_f` is x/b.f) and the options of their commands."""
    made = []
    for name, options in commands.items():
        path = name.replace("__", "/").replace("_", ".")
        language = {"c": "c", "cc": "c++", "f": "fortran", "S": "asm"}[path.rpartition(".")[2]]
        words = ("cc", *shlex.split(options), "-c", path)
        made.append(Compile(f"@{{src}}/{path}", f"@{{src}}/{path}.o", language, "@{src}", words))
    return made


def faults(check: CommandsCheck, **commands: str) -> list[str]:
    return list(command_faults(check, compiled(**commands)))


OPTIMISED = CommandsCheck(every=("-O2|-O3|-Ofast",))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("-O2", ""),
        ("-O0 -g -O3", ""),
        ("-Ofast -fno-math-errno", ""),
        ("-O3 -O0", "-O0"),
        ("-O2 -O", "-O"),
        ("-O1", "-O1"),
        ("-Os", "-Os"),
        ("-g", "no -O"),
        ("-I -O2", "no -O"),  # a folder of that name
        ("-D -O2 -Xlinker -O3 -Wl,-O2", "no -O"),
        ("-o -O2", "no -O"),
    ],
)
def test_the_last_level_of_optimisation_counts(options: str, said: str) -> None:
    told = f"1 of 1 files were compiled without -O2|-O3|-Ofast: a.c ({said})"
    assert faults(OPTIMISED, a_c=options) == ([told] if said else [])


def test_files_are_named_and_the_rest_counted() -> None:
    commands = {f"dir__f{number}_c": "-O3" if number % 2 else "" for number in range(20)}
    [told] = faults(OPTIMISED, **commands)
    assert told.startswith("10 of 20 files were compiled without -O2|-O3|-Ofast: dir/f0.c (no -O),")
    assert told.endswith("dir/f8.c (no -O), and 5 more")


def test_sources_languages_and_exceptions() -> None:
    check = CommandsCheck(
        every=("-O3",), sources=("src/*",), without=("*/slow.c",), languages=("c", "fortran")
    )
    assert not faults(check, src__a_c="-O3", src__x__slow_c="", b_c="", src__c_cc="", src__d_S="")
    [told] = faults(check, src__deep__a_c="", src__slow_c="", src__b_f="-O2")
    assert told.endswith(
        "2 of 2 files were compiled without -O3: src/deep/a.c (no -O), src/b.f (-O2)"
    )


def test_nothing_to_look_at_is_a_fault() -> None:
    [told] = faults(CommandsCheck(every=("-O3",), sources=("lib/*",)), a_c="-O3")
    assert told == "not one source was compiled of c or c++ or fortran in lib/*"
    assert faults(OPTIMISED) == ["not one source was compiled of c or c++ or fortran in *"]


def test_other_options_have_to_be_there_anywhere() -> None:
    check = CommandsCheck(every=("-fopenmp*|-Kopenmp", "-DX=*", "-std=c++17|-std=gnu++17"))
    good = "-fopenmp=libomp -DX=1 -std=c++11 -std=gnu++17"
    assert faults(check, a_cc=good) == []
    assert [text.partition(": ")[2] for text in faults(check, a_cc="-std=c++17 -std=c++11")] == [
        "a.cc (no -fopenmp*)", "a.cc (no -DX=*)", "a.cc (-std=c++11)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "options", "said"),
    [
        ("-mcpu=a64fx", "-mcpu=a64fx -O3", ""),
        ("-mcpu=a64fx", "-mcpu=generic -mcpu=a64fx", ""),
        ("-mcpu=a64fx", "-O3", "no -march"),
        ("-mcpu=a64fx", "-mcpu=a64fx -mcpu=generic", "-mcpu=generic"),
        ("-mcpu=a64fx", "-mcpu=a64fx -march=armv8-a", "-march=armv8-a"),
        ("-mcpu=a64fx", "-march=armv8-a -mcpu=a64fx", "-march=armv8-a"),  # as GCC has it
        ("-march=x86-64-v3 -mtune=znver2", "-march=x86-64-v3 -mtune=znver2", ""),
        ("-march=x86-64-v3 -mtune=znver2", "-march=x86-64-v3 -mtune=znver2 -mtune=x", "-mtune=x"),
        ("-mcpu=a64fx -Knolargepage", "-mcpu=a64fx", "no -Knolargepage"),
        ("", "", ""),
    ],
)
def test_flags_of_the_target(flags: str, options: str, said: str) -> None:
    told = faults(CommandsCheck(flags=flags), a_c=options)
    assert [text.partition(": ")[2] for text in told] == ([f"a.c ({said})"] if said else [])


def test_sources_may_have_a_processor_of_their_own_but_not_none() -> None:
    check = CommandsCheck(flags="-mcpu=a64fx", own=("*.SVE*.cc",))
    own = "-mcpu=a64fx -march=armv8.2-a+sve"
    assert faults(check, x__k_SVE256_cc=own) == []
    [told] = faults(check, k_cc=own, k_SVE_cc="-O3")
    assert told.endswith(": k.cc (-march=armv8.2-a+sve), k.SVE.cc (no -march)")


def cache(path: str = "@{build}/CMakeCache.txt", **values: str) -> Cache:
    return Cache(path, {name: Setting(*value.split("=", 1)) for name, value in values.items()})


@pytest.mark.parametrize(
    ("wanted", "value", "agrees"),
    [
        (True, "1", True), (True, "yes", True), (True, "ON", True), ("TRUE", "on", True),
        (True, "OFF", False), (True, "2", False), (True, "", False),
        (False, "NO", True), (False, "", True), (False, "X-NOTFOUND", True), (False, "1", False),
        ("OFF", "0", True), ("Release", "Release", True), ("Release", "release", False),
        ("48", "64", False), ("*/libopenblas.so", "@{dep.openblas}/lib/libopenblas.so", True),
        ("*/libopenblas.so", "OpenBLAS_LIB-NOTFOUND", False), ("", "x", False),
    ],
)  # fmt: skip
def test_a_variable_is_compared_as_cmake_would(
    wanted: str | bool, value: str, agrees: bool
) -> None:
    found = list(cache_faults(CMakeCheck(cache={"X": wanted}), [cache(X=f"STRING={value}")]))
    assert bool(found) is not agrees
    assert all(text.startswith(f"X is '{value}', not ") for text in found)


def test_an_option_that_was_dropped_in_silence() -> None:
    """cmake_dependent_option keeps what was asked for, and makes it INTERNAL."""
    dropped = cache(USE_ACL="INTERNAL=ON")
    assert not list(cache_faults(CMakeCheck(cache={"USE_ACL": True}), [dropped]))
    [told] = cache_faults(CMakeCheck(cache={"USE_ACL:BOOL": True}), [dropped])
    assert told == (
        "USE_ACL is INTERNAL, not BOOL (build/CMakeCache.txt): what it depends on does not hold"
    )
    assert not list(
        cache_faults(CMakeCheck(cache={"USE_ACL:BOOL": True}), [cache(USE_ACL="BOOL=1")])
    )


def test_which_cache_is_meant() -> None:
    outer = cache("@{src}/build/CMakeCache.txt", X="BOOL=ON")
    inner = cache("@{src}/build/third/CMakeCache.txt", X="BOOL=OFF")
    assert not list(cache_faults(CMakeCheck(cache={"X": True}), [inner, outer]))
    named = CMakeCheck(cache={"X": True}, path="*third/CMakeCache.txt")
    assert list(cache_faults(named, [inner, outer])) == [
        "X is 'OFF', not ON (build/third/CMakeCache.txt)"
    ]
    assert list(cache_faults(named, [outer])) == ["the build left no *third/CMakeCache.txt"]
    assert list(cache_faults(CMakeCheck(cache={"X": True}), [])) == [
        "the build left no CMakeCache.txt"
    ]
    assert list(cache_faults(CMakeCheck(cache={"Y": False}), [outer])) == [
        "Y is not set, and should be OFF (build/CMakeCache.txt)"
    ]

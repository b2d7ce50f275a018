"""The variables a build sees: all of them are ours."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from builders import COMPILERS, PYTHON, SETTING, TARGET, planned, recipe
from wheelforge.graph import BuildStep
from wheelforge.plan import Setting


def _env(*texts: str, setting: Setting = SETTING, **request: Any) -> dict[str, str]:
    named = {text.split('"')[1]: text for text in texts}
    made = planned(named, setting=setting, **request)
    step = made.step(f"build:{next(iter(named))}")
    assert isinstance(step, BuildStep)
    return step.env


def _setting(**changes: Any) -> Setting:
    compilers = msgspec.structs.replace(COMPILERS, **changes)
    target = msgspec.structs.replace(TARGET, ldflags="-Wl,-z,max-page-size=65536")
    return Setting(target=target, flags="-mcpu=a64fx", compilers=compilers, python=PYTHON)


def test_nothing_of_the_callers_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _env(recipe())
    for name in ("CFLAGS", "HOME", "LD_LIBRARY_PATH", "PYTHONPATH", "MAKEFLAGS", "http_proxy"):
        monkeypatch.setenv(name, "/callers/own")
    assert _env(recipe()) == before
    assert not any("callers" in value for value in before.values())


def test_flags_reach_every_language() -> None:
    env = _env(recipe(), setting=_setting(flags="--sysroot=/s"))
    flags = "-mcpu=a64fx --sysroot=/s -ffile-prefix-map=@{work}=."
    assert env["CFLAGS"] == env["CXXFLAGS"] == env["FFLAGS"] == flags
    assert env["LDFLAGS"] == "-Wl,-z,max-page-size=65536"


def test_compilers_are_named_by_path() -> None:
    paths = {"cc": "/opt/gcc/bin/gcc", "cxx": "/opt/gcc/bin/g++", "ar": "/usr/bin/ar"}
    env = _env(recipe(), setting=_setting(paths=paths))
    assert (env["CC"], env["CXX"], env["AR"]) == tuple(paths.values())
    assert "FC" not in env
    assert env["PATH"] == "@{bin}:/opt/gcc/bin:/usr/bin:/bin"


def test_a_wheel_has_its_environment_first_on_path() -> None:
    text = recipe(kind="wheel", build='[build]\nbackend = "pep517"')
    assert _env(text)["PATH"].startswith("@{env}/bin:@{bin}:")


def test_results_do_not_depend_on_time_place_or_user() -> None:
    env = _env(recipe())
    assert env["SOURCE_DATE_EPOCH"] == "315619200"
    assert env["PYTHONHASHSEED"] == "0"
    assert env["TZ"] == "UTC"
    assert env["HOME"].startswith("@{work}")
    assert env["TMPDIR"].startswith("@{work}")


def test_dependencies_nearest_first() -> None:
    """Top → near → far: what both say, near says last."""
    near = "[exports.env]\nWHO = 'near'\nNEAR = '{prefix}'"
    far = "[exports]\nlibraries = ['lib', 'lib64']\n[exports.env]\nWHO = 'far'\nFAR = '{prefix}'"
    env = _env(
        recipe("top", head="depends = { near = '*' }"),
        recipe("near", near, head="depends = { far = '*' }"),
        recipe("far", far),
    )
    assert env["CMAKE_PREFIX_PATH"] == "@{dep.near}:@{dep.far}"
    assert env["LD_LIBRARY_PATH"] == "@{dep.near}/lib:@{dep.far}/lib:@{dep.far}/lib64"
    assert env["PKG_CONFIG_PATH"].split(":")[:2] == [
        "@{dep.near}/lib/pkgconfig",
        "@{dep.near}/share/pkgconfig",
    ]
    assert (env["WHO"], env["NEAR"], env["FAR"]) == ("near", "@{dep.near}", "@{dep.far}")


def test_headers_alone_add_nothing_to_the_library_path() -> None:
    low = recipe("low", "[exports]\nlibraries = []")
    env = _env(recipe("top", head="depends = { low = '*' }"), low)
    assert "LD_LIBRARY_PATH" not in env
    assert env["CMAKE_PREFIX_PATH"] == "@{dep.low}"


def test_the_recipe_has_the_last_word() -> None:
    build = """[build]
backend = "script"
job_variables = ["MAX_JOBS"]
env = { CFLAGS = "-O1", PATH = "/x", TZ = "", EXTRA = "{version}", SITE = "recipe" }
"""
    env = _env(recipe(build=build), setting=_setting(env={"SITE": "toolchain", "LICENSE": "l"}))
    assert (env["CFLAGS"], env["PATH"], env["EXTRA"]) == ("-O1", "/x", "1.0")
    assert (env["SITE"], env["LICENSE"]) == ("recipe", "l")
    assert "TZ" not in env
    assert env["MAX_JOBS"] == env["CMAKE_BUILD_PARALLEL_LEVEL"] == "@{jobs}"


def test_flags_for_setuptools_bring_the_optimization_that_they_take_away() -> None:
    text = recipe(kind="wheel", build='[build]\nbackend = "setuptools"')
    env = _env(text, setting=_setting())
    assert env["CXXFLAGS"].split()[:3] == ["-O3", "-DNDEBUG", "-mcpu=a64fx"]
    assert env["CFLAGS"] == env["CXXFLAGS"]
    assert "-O3" not in _env(recipe(), setting=_setting())["CFLAGS"]


def test_where_the_gate_maps_paths_no_variable_names_the_folder_of_the_build() -> None:
    build = '[build]\nbackend = "script"\npath_map = "gate"\n'
    step = planned({"demo": recipe(build=build)}, setting=_setting()).step("build:demo")
    assert isinstance(step, BuildStep)
    flags = {name: step.env[name] for name in ("CFLAGS", "CXXFLAGS", "FFLAGS")}
    assert not any("@{" in text or "prefix-map" in text for text in flags.values())
    assert step.gated_env["WHEELFORGE_OPTIONS"] == "-ffile-prefix-map=@{work}=."
    for name, text in flags.items():
        assert step.ungated_env[name] == f"{text} -ffile-prefix-map=@{{work}}=.".strip()
    assert step.inputs["build.path_map"] == "gate"


def test_else_the_flags_map_them() -> None:
    step = planned({"demo": recipe()}, setting=_setting()).step("build:demo")
    assert isinstance(step, BuildStep)
    assert step.env["CFLAGS"].endswith("-ffile-prefix-map=@{work}=.")
    assert step.env == step.gated_env == step.ungated_env
    assert "build.path_map" not in step.inputs

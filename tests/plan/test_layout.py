"""The steps of a package, what they need and hold, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import (
    COMPILERS,
    PYTHON,
    SETTING,
    TARGET,
    FakeView,
    planned,
    recipe,
    refusal,
    resolved,
)
from wheelforge import graft, programs
from wheelforge.graph import BuildStep, CheckStep, FetchStep, Plan, RepairStep, WheelSet
from wheelforge.plan import Setting, plan
from wheelforge.recipe import ElfCheck, PythonCheck

CHECK = "[[checks]]\ntype = 'file'\npath = 'p'"
WHEEL = '[build]\nbackend = "pep517"\nrequires = ["hatchling==1.27"]'
PY_CHECK = "[[checks]]\ntype = 'python'\nname = 'n {version}'\ncode = 'print({version})'"


def dep(*names: str) -> str:
    return "depends = { " + ", ".join(f"{name} = '*'" for name in names) + " }"


STACK: Mapping[str, str] = {
    "low": recipe("low", f"[exports.env]\nLOW = '{{prefix}}/{{name}}-{{version}}'\n{CHECK}"),
    "mid": recipe("mid", "[exports]\nlibraries = ['lib64', 'b']", head=dep("low")),
    "base": recipe("base", PY_CHECK, head=dep("low"), kind="wheel", build=WHEEL),
    "top": recipe("top", PY_CHECK, head=dep("mid", "base"), kind="wheel", build=WHEEL),
}


def _step(made: Plan, name: str) -> Any:
    step = made.step(name)
    assert step is not None, [item.id for item in made.steps]
    return step


def test_steps_of_a_stack_in_order() -> None:
    assert [step.id for step in planned(STACK, "top").steps] == [
        "fetch:low", "build:low", "check:low",
        "fetch:mid", "build:mid",
        "fetch:base", "fetch:base@requires", "build:base", "repair:base", "check:base",
        "fetch:top", "fetch:top@requires", "build:top", "repair:top", "check:top",
    ]  # fmt: skip


def test_what_steps_need() -> None:
    made = planned(STACK, "top")
    needs = {step.id: step.needs for step in made.steps if step.needs}
    assert needs == {
        "build:low": ("fetch:low",),
        "check:low": ("build:low",),
        "build:mid": ("fetch:mid", "build:low", "check:low"),
        "build:base": ("fetch:base", "fetch:base@requires", "build:low", "check:low"),
        "repair:base": ("build:base", "build:low"),
        "check:base": ("repair:base",),
        # low is met through mid; base's libraries are in its wheel
        "build:top": ("fetch:top", "fetch:top@requires", "build:mid", "build:low", "repair:base",
                      "check:base"),
        "repair:top": ("build:top", "build:mid", "build:low"),
        "check:top": ("repair:top", "repair:base"),
    }  # fmt: skip


def test_a_build_step_is_complete() -> None:
    made = planned(STACK, "top")
    step = _step(made, "build:top")
    assert isinstance(step, BuildStep)
    assert step.result == "wheel"
    assert step.libraries == {"mid": "build:mid", "low": "build:low"}
    assert step.environment is not None
    assert step.environment.python == PYTHON.path
    assert step.environment.install == ("repair:base",)
    assert step.environment.wheels == WheelSet(
        requires=("hatchling==1.27",),
        python=PYTHON.version,
        tag=PYTHON.tag,
        platform=PYTHON.platform,
    )
    assert set(step.programs) == {"uv"}
    assert [item.strip for item in step.unpack] == [1]
    assert all(command.offline for command in step.commands)
    assert _step(made, "build:mid").environment is None


def test_repair_and_check() -> None:
    made = planned(STACK, "top")
    repair, check = _step(made, "repair:top"), _step(made, "check:top")
    assert isinstance(repair, RepairStep)
    assert (
        repair.env["AUDITWHEEL_LD_LIBRARY_PATH"] == "@{dep.mid}/lib64:@{dep.mid}/b:@{dep.low}/lib"
    )
    assert repair.wheel == "build:top"
    assert isinstance(check, CheckStep)
    assert (check.of, check.install) == ("repair:top", ("repair:top", "repair:base"))
    # code keeps its braces, other values are filled in
    assert check.checks == (PythonCheck(name="n 1.0", code="print({version})"),)
    assert _step(made, "check:low").install == ()


EVIDENCE = """
[[checks]]
type = "commands"
every = ["-O2|-O3"]
flags = "{target.flags}"
[[checks]]
type = "cmake"
cache = { MID = "{dep.mid}/libmid.so", "USE_ACL:BOOL" = true, THREADS = "{target.threads}" }
"""


def test_checks_of_how_a_wheel_was_built_need_its_build() -> None:
    """The repaired wheel knows nothing of it; and no build has another key for such a check."""
    texts = dict(STACK)
    texts["top"] = recipe("top", EVIDENCE, head=dep("mid", "base"), kind="wheel", build=WHEEL)
    made, before = planned(texts, "top"), planned(STACK, "top")
    check = _step(made, "check:top")
    assert check.needs == ("repair:top", "repair:base", "build:top")
    assert _step(before, "check:top").needs == ("repair:top", "repair:base")
    commands, cmake = check.checks
    assert commands.flags == "-mcpu=a64fx"
    assert cmake.cache == {
        "MID": "@{dep.mid}/libmid.so", "USE_ACL:BOOL": True, "THREADS": "48",
    }  # fmt: skip
    for name in ("build:top", "repair:top"):
        assert _step(made, name) == _step(before, name)


OPTIONS = """
[build]
backend = "cmake"
options = { SHARED = true, FLAGS = "-O3 [x]", LIST = ["a", "b"], CPU = "{target.threads}" }
[[checks]]
type = "cmake"
asked = true
"""


def test_options_have_to_be_what_was_asked_for() -> None:
    made = planned({"demo": recipe("demo", OPTIONS, build="")})
    check = _step(made, "check:demo")
    assert check.checks[0].cache == {
        "SHARED": True, "FLAGS": "-O3 [[]x]", "LIST": "a;b", "CPU": "48",
    }  # fmt: skip
    by_hand = OPTIONS.replace('backend = "cmake"', 'backend = "make"')
    others = _step(planned({"demo": recipe("demo", by_hand, build="")}), "check:demo")
    assert others is None or others.checks == ()


def test_exclusions_of_repair() -> None:
    text = recipe("w", "[repair]\nexclude = ['liba.so']", kind="wheel", build=WHEEL)
    argv = _step(planned({"w": text}), "repair:w").commands[0].argv
    assert argv[:2] == ("auditwheel", "repair")
    assert "--exclude=liba.so" in argv
    assert argv[-2:] == ("@{out}", "@{wheel}")


def test_libraries_that_keep_their_names() -> None:
    """What one wheel holds in such a folder, those that depend on it leave out."""
    into = "[repair]\ninto = 'base/lib'\nexclude = ['libmpi.so.*']\n" + PY_CHECK
    texts = {**STACK, "base": recipe("base", into, head=dep("low"), kind="wheel", build=WHEEL)}
    made = planned(texts, "top")
    base, top = _step(made, "repair:base"), _step(made, "repair:top")
    start = (str(programs.locate("python3")), "-I", "@{work}/graft.py")
    end = ("--wheel-dir", "@{out}", "@{wheel}")
    assert base.commands[0].argv == (*start, "--into=base/lib", "--exclude=libmpi.so.*", *end)
    beside = "--beside=base/lib=@{wheel.repair.base}"
    assert top.commands[0].argv == (*start, beside, *end)
    assert top.needs == ("build:top", "build:mid", "build:low", "repair:base")
    assert top.files == base.files == {"graft.py": Path(graft.__file__).read_text()}
    assert _step(planned(STACK, "top"), "repair:top").files == {}


@pytest.mark.parametrize(
    ("into", "says"),
    [("../lib", "leads outside the tree"), ("/lib", "leads outside"), ("./", "among the packages")],
)
def test_a_folder_that_is_none_of_the_wheel(into: str, says: str) -> None:
    text = recipe("w", f"[repair]\ninto = '{into}'\n{PY_CHECK}", kind="wheel", build=WHEEL)
    assert says in refusal(lambda: planned({"w": text})).what


def test_values_are_filled_in() -> None:
    body = """
[nested.src]
at = "x"
[[checks]]
type = "elf"
path = "lib/lib{name}.so"
contains = ["{version} {target.acl_arch}"]
"""
    build = """[build]
backend = "script"
directory = "{name}-{version}"
commands = [["{prefix}", "{dep.low}/x", "{pin.low}", "{pin.src}", "{jobs}", "{target.machine}"],
            ["{toolchain.cc}", "{toolchain.family}", "{target.flags}", "{python.version}", "${A}"]]
"""
    texts = {
        "x": recipe("x", body, head=dep("low"), build=build, versions=["2.5"]),
        "low": recipe("low", versions=["3.0"]),
        "src": recipe("src", kind="source", versions=["7.1"]),
    }
    made = planned(texts)
    one, two = _step(made, "build:x").commands
    assert one.cwd == "@{src}/x-2.5"
    assert one.argv == ("@{prefix}", "@{dep.low}/x", "3.0", "7.1", "@{jobs}", "aarch64")
    assert two.argv == ("/usr/bin/gcc", "gcc", "-mcpu=a64fx", "3.12.4", "${A}")
    assert _step(made, "check:x").checks == (
        ElfCheck(path="lib/libx.so", contains=("2.5 armv8.2-a",)),
    )


def test_exports_are_filled_with_the_exporters_own_values() -> None:
    env = _step(planned(STACK, "mid"), "build:mid").env
    assert env["LOW"] == "@{dep.low}/low-1.0"


def test_nested_sources_and_own_ones_have_steps_of_their_own() -> None:
    """`dnn` nested at version 3, and a package that happens to be called dnn-3."""
    texts = {
        "top": recipe("top", "[nested.dnn]\nat = 'third/dnn'", head=dep("dnn-3", "top-requires")),
        "dnn": recipe("dnn", kind="source", versions=["3"]),
        "dnn-3": recipe("dnn-3"),
        "top-requires": recipe("top-requires"),
    }
    made = planned(texts)
    fetches = [step for step in made.steps if isinstance(step, FetchStep)]
    assert {step.id for step in fetches} == {
        "fetch:top", "fetch:dnn@3", "fetch:dnn-3", "fetch:top-requires",
    }  # fmt: skip
    nested = _step(made, "fetch:dnn@3")
    assert (nested.name, nested.version, nested.what.at) == ("dnn", "3", "")
    assert [item.source.at for item in _step(made, "build:top").unpack] == ["", "third/dnn"]


def test_a_source_nested_twice_is_fetched_once() -> None:
    texts = {
        "top": recipe("top", "[nested.dnn]\nat = 'a'", head=dep("low")),
        "low": recipe("low", "[nested.dnn]\nat = 'b'"),
        "dnn": recipe("dnn", kind="source"),
    }
    ids = [step.id for step in planned(texts).steps]
    assert ids.count("fetch:dnn@1.0") == 1


def test_a_folder_is_not_fetched(tmp_path: Path) -> None:
    made = planned({"demo": recipe()}, sources={"demo": tmp_path})
    assert [step.id for step in made.steps] == ["build:demo"]


def test_the_network_is_off_unless_the_recipe_asks_for_it() -> None:
    build = '[build]\nbackend = "script"\ncommands = [["x"]]\nnetwork = {}'
    for text, offline in (("true", False), ("false", True)):
        made = planned({"demo": recipe(build=build.format(text))})
        assert [item.offline for item in _step(made, "build:demo").commands] == [offline]


# ---- what is refused


@pytest.mark.parametrize(
    ("build", "body", "key", "remedy"),
    [
        ("directory = '{verson}'", "", "build.directory", "did you mean version"),
        ("commands = [['a', '{target.acl}']]", "", "build.commands[0][1]", "target.acl_arch"),
        ("commands = [['{dep.lwo}']]", "", "build.commands[0][0]", "did you mean dep.low?"),
        ("commands = [['{dep.off}']]", "", "build.commands[0][0]", "dep.low"),
        ("commands = [['{pin.src}']]", "", "build.commands[0][0]", "did you mean src?"),
        ("commands = [['@{src}']]", "", "build.commands[0][0]", "write {src}"),
        ("env = { A = '{nothing}' }", "", "build.env.A", "known: "),
        ("requires = ['a b']", "", "build.requires[0]", "name==1.2.3"),
        ("requires = ['a;id']", "", "build.requires[0]", "name==1.2.3"),
        ("", "[exports.env]\nA = '{src}'", "exports.env.A", "known: "),
        ("", "[[checks]]\ntype = 'file'\npath = '{prefix}/x'", "checks[0].path", "known: "),
        ("", "[compilers]\ngcc = '>=14'", "compilers.gcc", "--toolchain"),
    ],
)
def test_a_fault_names_recipe_and_key(build: str, body: str, key: str, remedy: str) -> None:
    texts = {
        "demo": recipe(
            body=body, head=dep("low", "off"), build=f"[build]\nbackend = 'script'\n{build}"
        ),
        "low": recipe("low"),
        "off": recipe("off"),
    }
    error = refusal(lambda: planned(texts, pins={"off": "off"}))
    assert error.where == f"demo: {key}"
    assert remedy in error.remedy


def test_a_fault_is_told_where_the_caller_says() -> None:
    resolution = resolved({"demo": recipe(build="[build]\nbackend = 'script'\ndirectory = '{x}'")})
    error = refusal(
        lambda: plan(resolution, SETTING, FakeView(), lambda name, *key: f"{name}.toml:9 {key}")
    )
    assert error.where == "demo.toml:9 ('build', 'directory')"


@pytest.mark.parametrize(
    ("language", "role", "remedy"), [("fortran", "fc", "gfortran"), ("c++", "cxx", "PATH")]
)
def test_a_compiler_that_is_missing(language: str, role: str, remedy: str) -> None:
    only_c = msgspec.structs.replace(COMPILERS, digests={"cc": "c" * 64}, paths={"cc": "/x/cc"})
    setting = Setting(target=TARGET, flags="", compilers=only_c, python=PYTHON)
    build = f"[build]\nbackend = 'script'\nlanguages = ['{language}']"
    error = refusal(lambda: planned({"demo": recipe(build=build)}, setting=setting))
    assert error.where == f"toolchain native: {role}"
    assert f"needs a {language} compiler" in error.what
    assert remedy in error.remedy


def test_compilers_of_another_family_do_not_matter() -> None:
    text = recipe(body="[compilers]\nclang = '>=99'\ngcc = '>=13'")
    assert planned({"demo": text}).steps

"""Which change of what changes the key of which steps: no more and no less."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import (
    COMPILERS,
    PYTHON,
    SETTING,
    SHA,
    TARGET,
    FakeView,
    manifest,
    planned,
    recipe,
    refusal,
)
from wheelforge import graft, programs
from wheelforge.graph import CheckStep, Plan
from wheelforge.plan import Setting, layout
from wheelforge.store import Entry, Found

CMAKE = """\
[build]
backend = "cmake"
targets = ["all"]
tools = ["scons"]
job_variables = ["MAX_JOBS"]
timeout_minutes = 5
[build.options]
A = 1
CC = "{toolchain.cc}"
[build.env]
B = "{target.acl_arch}"
LINKER = "{toolchain.cxx}"
"""
LIBRARY = """\
[install]
keep = ["x"]
[exports.env]
MID_ROOT = "{prefix}"
[resources]
memory_per_job = "1 GiB"
[[checks]]
type = "file"
path = "p"
"""
WHEEL = """\
[build]
backend = "setuptools"
requires = ["setuptools==77"]
[repair]
exclude = ["libx.so"]
[[checks]]
type = "python"
name = "n"
code = "x"
"""


def _stack() -> dict[str, str]:
    """`top` (wheel) → `mid` → `low`; `other` stands alone; `top` nests `src`."""
    git = '\ntype = "git"\nurl = "x"\ncommit = { "1.0" = "' + "1" * 40 + '" }'
    return {
        "low": recipe("low", "[[checks]]\ntype = 'file'\npath = 'p'"),
        "mid": recipe("mid", LIBRARY, head="depends = { low = '*' }", build=CMAKE),
        "src": recipe("src", kind="source", source=git),
        "other": recipe("other"),
        "top": recipe("top", "[nested.src]\nat = 'third'", head="depends = { mid = '*' }",
                      kind="wheel", build=WHEEL),
    }  # fmt: skip


class AllBuilt(FakeView):
    """A store that has everything; a result is the same whatever it was made from."""

    def find(self, key: str, name: str, version: str) -> Found:
        return Found(Entry(Path("store"), manifest(key, name, version, f"output of {name}")))


class AllDiffer(AllBuilt):
    """A store that has everything; results differ whenever their keys do."""

    def find(self, key: str, name: str, version: str) -> Found:
        return Found(Entry(Path("store"), manifest(key, name, version, f"output of {key}")))


def _keys(
    texts: Mapping[str, str] | None = None,
    setting: Setting = SETTING,
    view: FakeView | None = None,
    **request: Any,
) -> dict[str, str]:
    made = planned(
        texts or _stack(), "top", "other", setting=setting, view=view or AllBuilt(), **request
    )
    return {name: state.key for name, state in made.states.items() if state.key}


def _changed(one: dict[str, str], two: dict[str, str]) -> set[str]:
    return {name for name in one.keys() | two.keys() if one.get(name) != two.get(name)}


def _edit(name: str, old: str, new: str) -> dict[str, str]:
    texts = _stack()
    assert old in texts[name], f"{old} is not in {texts[name]}"
    return texts | {name: texts[name].replace(old, new, 1)}


BUILDS = {"build:low", "build:mid", "build:other", "build:top"}
STEPS = {*BUILDS, "check:low", "check:mid", "repair:top", "check:top"}


def test_every_step_but_fetches_has_a_key() -> None:
    keys = _keys()
    assert set(keys) == STEPS
    assert len(set(keys.values())) == len(STEPS)


PACKAGED = (
    'type = "debian"\npackage = "p"\nsuite = "s"\nrelease = {}\n'
    f'sha256 = {{ "1.0" = "{SHA}" }}\n'
    'patches = { sha256 = { "1.0" = "DIGEST" }, without = [WITHOUT] }'
)


@pytest.mark.parametrize(("digest", "without"), [("3" * 64, ""), ("2" * 64, '"a"')])
def test_patches_of_a_source_package_and_what_is_left_out(digest: str, without: str) -> None:
    def keys(digest: str, without: str) -> dict[str, str]:
        source = PACKAGED.replace("DIGEST", digest).replace("WITHOUT", without)
        return _keys(_stack() | {"other": recipe("other", source=source)})

    assert _changed(keys("2" * 64, ""), keys(digest, without)) == {"build:other"}


@pytest.mark.parametrize(
    ("name", "old", "new", "steps"),
    [
        ("mid", "A = 1", "A = 2", {"build:mid"}),
        ("mid", "A = 1", "A = 1\nZ = 2", {"build:mid"}),
        ("mid", 'targets = ["all"]', "", {"build:mid"}),
        ("mid", 'B = "{target', 'B = "x{target', {"build:mid"}),
        ("mid", "[build.env]", "[build.env]\nC = '1'", {"build:mid"}),
        ("mid", "[build.env]", "[build.env]\nPATH = '/x'", {"build:mid"}),
        ("mid", '["scons"]', '["ninja"]', {"build:mid"}),
        ("mid", '["MAX_JOBS"]', '["JOBS"]', {"build:mid"}),
        ("mid", 'keep = ["x"]', 'keep = ["y"]', {"build:mid"}),
        ("mid", 'backend = "cmake"', 'backend = "cmake"\ndirectory = "d"', {"build:mid"}),
        ("mid", 'backend = "cmake"', 'backend = "cmake"\ngenerator = "Unix Makefiles"',
         {"build:mid"}),
        ("mid", 'backend = "cmake"', 'backend = "cmake"\nnetwork = true', {"build:mid"}),
        # sources, patches, compilers and licences are in the wheel's bill of materials
        ("mid", 'backend = "cmake"', 'backend = "cmake"\nlanguages = ["c"]',
         {"build:mid", "repair:top"}),
        ("mid", SHA, "1" * 64, {"build:mid", "repair:top"}),
        ("mid", 'license = "MIT"', 'license = "BSD"', {"repair:top"}),
        ("mid", "https://host.test", "https://other.test", {"repair:top"}),
        ("src", 'url = "x"', 'url = "y"', {"repair:top"}),
        ("mid", 'url = "', 'strip = 2\nurl = "', {"build:mid"}),
        ("low", 'backend = "script"', 'backend = "script"\ncommands = [["x"]]', {"build:low"}),
        ("top", "setuptools==77", "setuptools==78", {"build:top"}),
        ("top", "libx.so", "liby.so", {"repair:top", "check:top"}),
        ("top", "exclude =", "into = 'top/lib'\nexclude =", {"repair:top"}),
        ("top", "third", "fourth", {"build:top"}),
        ("src", "1" * 40, "2" * 40, {"build:top", "repair:top"}),
        ("src", 'url = "x"', 'url = "x"\nsubmodules = true', {"build:top"}),
        ("top", 'code = "x"', 'code = "y"', {"check:top"}),
        ("mid", 'path = "p"', 'path = "{version}"', {"check:mid"}),
        # what a package exports is its dependents' input, not its own
        ("mid", "MID_ROOT", "MID_HOME", {"build:top"}),
        ("low", "[[checks]]", "[exports]\nlibraries = ['lib64']\n[[checks]]",
         {"build:mid", "build:top", "repair:top"}),
        # what cannot change a result
        ("mid", 'summary = "A test"', 'summary = "b"\nnotes = "c"\nhomepage = "d"', set()),
        ("mid", "timeout_minutes = 5", "timeout_minutes = 50", set()),
        ("mid", '"1 GiB"', '"2 GiB"\nmax_jobs = 3\ncpu_minutes = 9', set()),
        ("mid", 'url = "', 'mirrors = ["y"]\nurl = "', set()),
        ("mid", "[[checks]]", "[[checks]]\ntype = 'file'\npath = 'q'\n[[checks]]", {"check:mid"}),
        ("low", "[[checks]]\ntype = 'file'\npath = 'p'", "", {"check:low"}),
        ("top", "depends = { mid", "companions = { other = '*' }\ndepends = { mid", set()),
        ("other", "[build]", "[build.when.'target avx']\ndirectory = 'd'\n[build]", set()),
        ("other", "[build]", "[build.when.'target sve']\ndirectory = 'd'\n[build]",
         {"build:other"}),
    ],
)  # fmt: skip
def test_a_change_of_a_recipe(name: str, old: str, new: str, steps: set[str]) -> None:
    assert _changed(_keys(), _keys(_edit(name, old, new))) == steps


def _compilers(**changes: Any) -> Setting:
    changed = msgspec.structs.replace(COMPILERS, **changes)
    return Setting(target=TARGET, flags="-mcpu=a64fx", compilers=changed, python=PYTHON)


def _python(**changes: Any) -> Setting:
    changed = msgspec.structs.replace(PYTHON, **changes)
    return Setting(target=TARGET, flags="-mcpu=a64fx", compilers=COMPILERS, python=changed)


def _target(flags: str = "-mcpu=a64fx", **changes: Any) -> Setting:
    changed = msgspec.structs.replace(TARGET, **changes)
    return Setting(target=changed, flags=flags, compilers=COMPILERS, python=PYTHON)


@pytest.mark.parametrize(
    ("setting", "steps"),
    [
        (_target("-mcpu=other"), BUILDS),
        (_target(ldflags="-Wl,-x"), BUILDS),
        (_target(values={**TARGET.values, "acl_arch": "armv8a"}), {"build:mid"}),
        (_target(values={**TARGET.values, "threads": "1"}), set()),
        (_target(name="mine", summary="other"), set()),
        (_compilers(digests={**COMPILERS.digests, "cc": "e" * 64}), {*BUILDS, "repair:top"}),
        (_compilers(digests={**COMPILERS.digests, "ar": "e" * 64}), set()),
        (_compilers(version="13.3"), {*BUILDS, "repair:top"}),
        (_compilers(libc="glibc 2.40"), BUILDS),
        (_compilers(flags="--sysroot=x"), BUILDS),
        (_compilers(env={"A": "1"}), BUILDS),
        (_compilers(toolchain="mine"), set()),
        (_compilers(paths={"cc": "/opt/bin/gcc", "cxx": "/opt/bin/g++"}), set()),
        (_python(version="3.12.5"), {"build:top", "check:top"}),
        (_python(soabi="other"), {"build:top", "check:top"}),
        (_python(path="/elsewhere/python"), set()),
    ],
)
def test_a_change_of_the_setting(setting: Setting, steps: set[str]) -> None:
    assert _changed(_keys(), _keys(setting=setting)) == steps


def test_versions_of_programs_count_and_their_places_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = _keys()
    monkeypatch.setattr(programs, "locate", lambda name: Path("/elsewhere", name))
    assert _keys() == before
    versions = {"cmake": "3.99", "auditwheel": "99"}
    real = programs.version
    monkeypatch.setattr(programs, "version", lambda name: versions.get(name) or real(name))
    assert _changed(before, _keys()) == {"build:mid", "repair:top"}


def test_what_puts_libraries_into_wheels_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = _edit("top", "exclude =", "into = 'top/lib'\nexclude =")
    before = _keys(texts)
    other = tmp_path / "graft.py"
    other.write_text("print('another')")
    monkeypatch.setattr(graft, "__file__", str(other))
    assert _changed(before, _keys(texts)) == {"repair:top"}
    assert _changed(_keys(), _keys()) == set()


def test_another_set_of_rules_checks_wheels_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _keys()
    monkeypatch.setattr(layout, "VERSION", "another")
    assert _changed(before, _keys()) == {"check:top"}


def test_the_page_size_of_the_target_is_checked_in_wheels() -> None:
    assert _changed(_keys(), _keys(setting=_target(page_size=1 << 16))) == {"check:top"}


def test_a_companion_is_checked_for_its_pin() -> None:
    texts = {
        "base": recipe("base", head="companions = { top = '*' }\ndistribution = 'based'",
                       kind="wheel", build=WHEEL),
        "top": recipe("top", head="depends = { base = '*' }", kind="wheel", build=WHEEL),
    }  # fmt: skip
    steps = {step.id: step for step in planned(texts, "top").steps}
    checks = [steps["check:base"], steps["check:top"]]
    assert [step.wheel and step.wheel.companions for step in checks if isinstance(step, CheckStep)
            ] == [{}, {"based": "1.0"}]  # fmt: skip


def test_rules_that_a_recipe_answers_for() -> None:
    text = "[audit]\naccept = ['load.undefined']\n[[checks]]"
    assert _changed(_keys(), _keys(_edit("top", "[[checks]]", text))) == {"check:top"}
    wrong = _edit("top", "[[checks]]", text.replace("undefined", "undefinde"))
    error = refusal(lambda: _keys(wrong))
    assert "there is no rule 'load.undefinde'" in error.what
    assert "did you mean load.undefined" in error.remedy


def test_a_changed_source_tree(tmp_path: Path) -> None:
    one = _keys(sources={"mid": tmp_path})
    assert _changed(_keys(), one) == {"build:mid", "repair:top"}
    assert _keys(sources={"mid": tmp_path}) == one


def test_patches_their_order_and_depth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes").mkdir()

    def keys(*patches: tuple[str, str, int]) -> dict[str, str]:
        body = ""
        for name, digit, strip in patches:
            (tmp_path / "recipes" / name).write_text("")
            body += f"[[patches]]\nfile = '{name}'\nsha256 = '{digit * 64}'\nstrip = {strip}\n"
            body += "why = 'x'\n"
        return _keys(_edit("mid", "[[checks]]", f"{body}[[checks]]"))

    one, two = ("one", "1", 1), ("two", "2", 1)
    for other in ([], [two], [two, one], [("one", "3", 1), two]):
        assert _changed(keys(one, two), keys(*other)) == {"build:mid", "repair:top"}
    assert _changed(keys(one, two), keys(("one", "1", 0), two)) == {"build:mid"}
    assert keys(one, two) == keys(one, two)


def test_build_requirements_count_as_they_were_found() -> None:
    view = AllBuilt()
    view.wheels = "wheels-2"
    assert _changed(_keys(), _keys(view=view)) == {"build:top"}


def test_a_change_reaches_dependants_and_nobody_else_when_results_differ() -> None:
    before = _keys(view=AllDiffer())
    after = _keys(_edit("mid", "A = 1", "A = 2"), view=AllDiffer())
    assert _changed(before, after) == STEPS - {"build:low", "check:low", "build:other"}


def test_a_dependency_that_comes_out_the_same_spares_its_dependants() -> None:
    after = _edit("low", 'backend = "script"', 'backend = "script"\ncommands = [["x"]]')
    assert _changed(_keys(), _keys(after)) == {"build:low"}


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2), min_size=1))
def test_the_order_of_options_in_the_file_counts_only_on_the_command_line(
    options: dict[str, int],
) -> None:
    """Inputs are compared by name; the commands, in which the order may matter, as they are."""

    def made(items: list[tuple[str, int]]) -> Plan:
        lines = "\n".join(f"{key} = {value}" for key, value in items)
        return planned(
            {"x": recipe("x", f"[build.options]\n{lines}", build='[build]\nbackend = "make"')}
        )

    one, two = made(list(options.items())), made(list(reversed(options.items())))
    inputs = [dict(plan.steps[-1].inputs) for plan in (one, two)]
    commands = [item.pop("commands") for item in inputs]
    assert inputs[0] == inputs[1]
    assert (commands[0] == commands[1]) == (len(options) == 1)

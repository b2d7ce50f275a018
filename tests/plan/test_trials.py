"""What a wheel is tried with, what it may call itself, which compilers it admits."""

from __future__ import annotations

from builders import SETTING, FakeView, document, planned, recipe, refusal, resolved
from wheelforge.graph import CheckStep, FetchStep, RepairStep, WheelSet
from wheelforge.plan import plan

CHECK = '[[checks]]\ntype = "python"\nname = "n"\ncode = "pass"\n'
TRIED = (
    f'[trial]\nrequires = ["filelock==3.16.1", "six==1.17.0; python_version < \'3.9\'"]\n{CHECK}'
)
BASE = recipe("base", TRIED, kind="wheel")


def test_what_a_wheel_requires_is_fetched_by_a_step_of_its_own() -> None:
    made = planned({"base": BASE})
    fetch, check = made.step("fetch:base@trial"), made.step("check:base")
    assert isinstance(fetch, FetchStep)
    assert isinstance(check, CheckStep)
    assert fetch.what == check.wheels
    assert isinstance(fetch.what, WheelSet)
    assert fetch.what.requires == ("filelock==3.16.1", "six==1.17.0; python_version < '3.9'")
    assert fetch.what.tag == "cp312"
    assert fetch.id in check.needs
    build = made.step("build:base")
    assert build is not None
    assert fetch.id not in build.needs


def test_dependents_are_tried_with_it_as_well() -> None:
    more = f'[trial]\nrequires = ["pillow==11.1.0"]\n{CHECK}'
    demo = recipe("demo", more, head='depends = { base = "*" }', kind="wheel")
    last = recipe("last", CHECK, head='depends = { demo = "*" }', kind="wheel")
    made = planned({"last": last, "demo": demo, "base": BASE})
    check = made.step("check:last")
    assert isinstance(check, CheckStep)
    assert check.wheels is not None
    assert check.wheels.requires[:2] == ("pillow==11.1.0", "filelock==3.16.1")
    assert check.install == ("repair:last", "repair:demo", "repair:base")


def test_without_requirements_nothing_is_fetched() -> None:
    made = planned({"demo": recipe("demo", CHECK, kind="wheel")})
    assert made.step("fetch:demo@trial") is None
    check = made.step("check:demo")
    assert isinstance(check, CheckStep)
    assert check.wheels is None


def test_what_is_no_requirement_is_told_with_its_place() -> None:
    body = f'[trial]\nrequires = ["filelock 3"]\n{CHECK}'
    error = refusal(lambda: planned({"demo": recipe("demo", body, kind="wheel")}))
    assert "'filelock 3' is not a requirement" in error.what


def test_the_repair_knows_what_the_wheel_calls_itself() -> None:
    made = planned({"demo": recipe("demo", head='distribution = "torch"', kind="wheel")})
    repair = made.step("repair:demo")
    assert isinstance(repair, RepairStep)
    assert repair.distribution == "torch"


def test_compilers_that_cannot_compile_it_are_refused() -> None:
    text = recipe(body='[compilers]\ngcc = ">=14"\nclang = ">=18"')
    where = document(text).where
    error = refusal(
        lambda: plan(resolved({"demo": text}), SETTING, FakeView(), lambda _name, *key: where(*key))
    )
    assert error.what == "demo needs gcc >=14, and 13.2.0 is installed"
    assert error.where.startswith("recipes/demo.toml:")
    assert "--toolchain" in error.remedy


def test_a_check_knows_the_compiler_of_what_it_checks_but_not_by_its_key() -> None:
    made = planned({"demo": recipe("demo", CHECK, kind="wheel")})
    check = made.step("check:demo")
    assert isinstance(check, CheckStep)
    assert check.compiler == ("/usr/bin/gcc",)
    assert "compiler" not in " ".join(check.inputs)

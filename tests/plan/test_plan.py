"""The plan as a whole: ordered, the same each time, the same after a round trip through JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import COMPILERS, CONDITIONS, PYTHON, FakeView, planned, recipe
from wheelforge import catalog
from wheelforge.graph import BuildStep, Plan, key_of, shown
from wheelforge.plan import Setting, plan
from wheelforge.resolve import Request, resolve

WHEEL = '[build]\nbackend = "setuptools"\nrequires = ["setuptools==77"]\n'
CHECKS = (
    "[[checks]]\ntype = 'file'\npath = 'p'\n[[checks]]\ntype = 'python'\nname = 'n'\ncode = 'c'"
)


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, str]:
    """Recipes that depend on earlier ones; the last comes first."""
    texts: dict[str, str] = {}
    for number in range(draw(st.integers(1, 6))):
        name = f"p{number}"
        on = draw(st.lists(st.sampled_from(sorted(texts)), unique=True)) if texts else []
        wheel = draw(st.booleans())
        texts[name] = recipe(
            name,
            CHECKS if draw(st.booleans()) else "",
            head="depends = { " + ", ".join(f"{other} = '*'" for other in on) + " }",
            kind="wheel" if wheel else "library",
            **({"build": WHEEL} if wheel else {}),
        )
    return dict(reversed(texts.items()))


@given(graphs())
def test_every_step_comes_after_what_it_needs(texts: dict[str, str]) -> None:
    made = planned(texts)
    seen: set[str] = set()
    for step in made.steps:
        assert step.id not in seen
        assert seen.issuperset(step.needs)
        seen.add(step.id)
        if isinstance(step, BuildStep):
            assert seen.issuperset(step.libraries.values())
    assert set(made.states) == seen
    for name, state in made.states.items():
        if state.verdict == "todo":
            found = made.step(name)
            assert found is not None
            assert all(made.states[need].verdict != "idle" for need in found.needs)


@given(graphs())
def test_a_plan_survives_json_and_is_made_the_same_twice(texts: dict[str, str]) -> None:
    made = planned(texts)
    data = msgspec.json.encode(made)
    assert msgspec.json.decode(data, type=Plan) == made
    assert msgspec.json.encode(planned(texts)) == data
    json.loads(data)


def test_shipped_recipes_survive_json() -> None:
    library = catalog.open_catalog()
    for name in ("minitorch", "numpy"):
        request = Request(requirements=[name], conditions=CONDITIONS)
        resolution = resolve(request, library, lambda path: path.name.ljust(64, "0"))
        compilers = msgspec.structs.replace(
            COMPILERS, digests={**COMPILERS.digests, "fc": "f" * 64}
        )
        target = catalog.load_target("a64fx")
        setting = Setting(target=target, flags="", compilers=compilers, python=PYTHON)
        made = plan(resolution, setting, FakeView())
        assert msgspec.json.decode(msgspec.json.encode(made), type=Plan) == made


def test_a_key_does_not_depend_on_the_process(tmp_path: Path) -> None:
    """Neither hash seeds nor folders reach the plan."""
    (tmp_path / "p.toml").write_text(recipe("p", CHECKS))
    script = (
        "import sys, builders; "
        "print(builders.planned({'p': open(sys.argv[1]).read()}).states['build:p'].key)"
    )
    keys = set()
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "p.toml")],
            env=env, cwd=tmp_path, check=True, capture_output=True, text=True,
        )  # fmt: skip
        keys.add(done.stdout)
    assert len(keys) == 1
    assert len(keys.pop().strip()) == 64


def test_key_of_leaves_checks_out() -> None:
    step = planned({"p": recipe("p", CHECKS)}).steps[1]
    key = key_of(step, {"fetch:p": "1"})
    assert key == key_of(step, {"fetch:p": "1", "check:q": "2"})
    assert key != key_of(step, {"fetch:p": "2"})
    assert key != key_of(step, {"fetch:q": "1"})


@pytest.mark.parametrize(
    ("text", "for_people"),
    [("@{prefix}/lib", "$prefix/lib"), ("@{dep.mini-acl}:x", "$mini_acl:x"), ("${A}", "${A}")],
)
def test_shown(text: str, for_people: str) -> None:
    assert shown(text) == for_people

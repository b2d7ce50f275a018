from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from wheelforge.errors import InputError
from wheelforge.graph import Plan, key_of
from wheelforge.pipeline import Home
from wheelforge.pipeline.results import Results

if TYPE_CHECKING:
    from scripted import Yard


@pytest.fixture
def plan(yard: Yard) -> Plan:
    """`b` needs `a`; both are built."""
    yard.library("a")
    yard.library("b", needs="a")
    built = yard.build("b")
    assert built.outcome is not None
    data = (built.outcome.folder / "plan.json").read_bytes()
    return msgspec.json.decode(data, type=Plan)


def test_results_of_an_earlier_run_are_found_by_their_keys(plan: Plan) -> None:
    results = Results(plan, Home.open())
    a, b = plan.steps
    assert results.needs(b) == {"build:a": results.entry("build:a").manifest.output}
    assert results.look(b).entry == results.entry("build:b")
    assert results.entries(b) == {"build:a": results.entry("build:a")}
    assert results.keys["build:a"] == key_of(a, {})
    assert results.entry("build:b").manifest.needs == results.needs(b)


def test_looking_makes_a_result_young(plan: Plan) -> None:
    results = Results(plan, Home.open())
    place = results.entry("build:a").path
    os.utime(place, (1, 1))
    Results(plan, Home.open()).entry("build:a")
    assert place.stat().st_mtime > 1


@pytest.mark.parametrize("damage", [False, True])
def test_what_is_not_there_is_named_with_what_to_type(plan: Plan, damage: bool) -> None:
    home = Home.open()
    place = Results(plan, home).entry("build:a").path
    if damage:
        (place / "manifest.json").write_text("{")
    else:
        home.store.discard(place)
    says = "build:a has no result yet" + (": its manifest" if damage else "")
    with pytest.raises(InputError, match=says) as caught:
        Results(plan, home).look(plan.steps[1])
    assert "wheelforge step run PLAN build:a" in caught.value.remedy


def test_a_check_that_never_ran_keeps_nobody_from_a_cached_result(yard: Yard, plan: Plan) -> None:
    """Somebody adds a check to `a` after `b` was built: `b` is still what it was."""
    yard.library("a", more='[[checks]]\ntype = "file"\npath = "made"')
    built = yard.build("b")
    assert built.outcome is None
    assert built.plan.states["check:a"].verdict == "idle"
    results = Results(built.plan, Home.open())
    assert results.entry("build:b") == Results(plan, Home.open()).entry("build:b")

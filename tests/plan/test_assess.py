"""What is cached, idle or to do, and why."""

from __future__ import annotations

from builders import FakeView, planned, recipe
from wheelforge.graph import Plan, State

CHECK = "[[checks]]\ntype = 'file'\npath = 'p'"
TEXTS = {
    "top": recipe("top", CHECK, head="depends = { mid = '*' }"),
    "mid": recipe("mid", CHECK, head="depends = { low = '*' }"),
    "low": recipe("low", CHECK),
}


def _verdicts(made: Plan) -> dict[str, str]:
    return {name: state.verdict for name, state in made.states.items()}


def _built(view: FakeView, made: Plan, *names: str) -> None:
    """Put results of these steps into the store, whose output is their name."""
    for name in names:
        assert made.states[name].key, f"{name} has no key yet"
        view.outputs[made.states[name].key] = f"output of {name}"


def _all_built() -> FakeView:
    view = FakeView()
    for _ in range(6):  # a key is known once what it needs is built
        made = planned(TEXTS, view=view)
        _built(view, made, *(step.id for step in made.steps if made.states[step.id].key))
    return view


def test_nothing_built() -> None:
    view = FakeView()
    view.missing = {"low"}
    made = planned(TEXTS, view=view)
    assert _verdicts(made) == {
        "fetch:low": "todo", "build:low": "todo", "check:low": "todo",
        "fetch:mid": "cached", "build:mid": "todo", "check:mid": "todo",
        "fetch:top": "cached", "build:top": "todo", "check:top": "todo",
    }  # fmt: skip
    assert made.states["fetch:low"].reasons == ("not in the source cache",)
    assert made.states["build:low"].reasons == ("never built",)
    assert made.states["check:low"].reasons == ("build:low comes first",)
    assert made.states["build:mid"].reasons == ("build:low comes first", "check:low comes first")
    assert made.todo[0].id == "fetch:low"


def test_all_built() -> None:
    made = planned(TEXTS, view=_all_built())
    assert set(_verdicts(made).values()) == {"cached"}
    assert made.todo == ()
    assert not any(state.reasons for state in made.states.values())


def test_an_archive_that_is_gone_is_not_fetched_for_a_cached_build() -> None:
    view = _all_built()
    view.missing = {"low", "mid", "top"}
    made = planned(TEXTS, view=view)
    assert {name for name, verdict in _verdicts(made).items() if verdict == "idle"} == {
        "fetch:low", "fetch:mid", "fetch:top",
    }  # fmt: skip
    assert made.todo == ()


def test_only_what_leads_to_the_requested_is_to_do() -> None:
    view = _all_built()
    keys = {name: state.key for name, state in planned(TEXTS, view=view).states.items()}
    del view.outputs[keys["check:low"]]
    made = planned(TEXTS, view=view)
    # low's result is there, so that nothing has to wait for its check
    assert made.states["check:low"] == State(verdict="idle", key=keys["check:low"])
    assert made.todo == ()
    assert [step.id for step in planned(TEXTS, "low", view=view).todo] == ["check:low"]


def test_a_result_that_is_gone_makes_its_dependants_wait() -> None:
    view = _all_built()
    del view.outputs[planned(TEXTS, view=view).states["build:low"].key]
    made = planned(TEXTS, view=view)
    todo = [step.id for step in made.todo]
    assert todo == ["build:low", "check:low", "build:mid", "check:mid", "build:top", "check:top"]
    assert made.states["build:mid"].key == ""


def test_early_cut_off_needs_the_output_and_not_the_key() -> None:
    """Low is built from other inputs but comes out the same: nothing above it is to do."""
    view = _all_built()
    texts = TEXTS | {"low": TEXTS["low"].replace('"script"', '"script"\ndirectory = "d"')}
    waiting = planned(texts, view=view)
    assert "build:top" in {step.id for step in waiting.todo}
    view.outputs[waiting.states["build:low"].key] = "output of build:low"
    assert [step.id for step in planned(texts, view=view).todo] == []
    view.outputs[waiting.states["build:low"].key] = "something else"
    made = planned(texts, view=view)
    assert made.states["build:mid"].verdict == "todo"
    assert made.states["build:mid"].key


def test_a_damaged_result_is_told_as_such() -> None:
    view = FakeView()
    key = planned(TEXTS, view=view).states["build:low"].key
    view.faults[key] = "lib/liblow.so is missing"
    state = planned(TEXTS, view=view).states["build:low"]
    assert state.verdict == "todo"
    assert state.reasons == ("the store's entry is damaged: lib/liblow.so is missing",)


def test_a_source_only_fetching_can_identify() -> None:
    git = 'type = "git"\nurl = "x"'
    made = planned({"demo": recipe(source=git)})
    assert made.states["fetch:demo"].verdict == "todo"
    assert made.states["build:demo"] == State(verdict="todo", reasons=("fetch:demo comes first",))


def test_few_reasons_are_enough() -> None:
    names = [f"d{number}" for number in range(9)]
    head = "depends = { " + ", ".join(f"{name} = '*'" for name in names) + " }"
    texts = {"top": recipe("top", head=head)} | {name: recipe(name) for name in names}
    reasons = planned(texts).states["build:top"].reasons
    assert len(reasons) == 5
    assert reasons[0] == "build:d0 comes first"

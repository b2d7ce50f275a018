from __future__ import annotations

import pytest
from shelves import manifest

from wheelforge.store import Manifest, differences
from wheelforge.store.store import nearest

OLD = manifest(
    "1" * 64,
    inputs={"flags": "-O2", "compiler": "gcc 12", "commands": "c1"},
    needs={"build:dep": "d" * 64, "fetch:demo": "s" * 64},
    created=1.0,
)
FAR = manifest("2" * 64, inputs={"flags": "-O0", "compiler": "clang 3", "old": "1"}, created=9.0)
LATER = manifest("3" * 64, inputs=OLD.inputs, needs=OLD.needs, created=2.0)
OTHER_STEP = manifest("4" * 64, "else", inputs=OLD.inputs, created=99.0)
SAME_NEEDS = dict(OLD.needs)


def explain(
    inputs: dict[str, str] | None = None,
    needs: dict[str, str] | None = None,
    manifests: tuple[Manifest, ...] = (OLD, FAR),
) -> tuple[str, ...]:
    new = {name: value for name, value in {**OLD.inputs, **(inputs or {})}.items() if value}
    return differences(list(manifests), OLD.step, new, {**SAME_NEEDS, **(needs or {})})


@pytest.mark.parametrize(
    ("inputs", "needs", "expected"),
    [
        ({"flags": "-O3"}, {}, ("flags: -O2 → -O3",)),
        ({"flags": ""}, {}, ("flags: -O2 → (not set)",)),
        ({"new": "1"}, {}, ("new: (not set) → 1",)),
        ({"flags": "-O3", "compiler": "gcc 13", "commands": "c2"}, {},
         ("compiler: gcc 12 → gcc 13", "flags: -O2 → -O3")),
        ({"commands": "c2"}, {}, ("commands: c1 → c2",)),
        ({}, {"build:dep": "e" * 64},
         ("result of build:dep: dddddddddddd → eeeeeeeeeeee",)),
        ({}, {"build:dep": ""}, ("an equal result was removed",)),
        ({}, {}, ("an equal result was removed",)),
    ],
)  # fmt: skip
def test_each_change_is_named_against_the_nearest(
    inputs: dict[str, str], needs: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert explain(inputs, needs) == expected


def test_long_values_are_cut() -> None:
    [text] = explain({"flags": "x" * 500})
    assert text.startswith("flags: -O2 → xxx")
    assert text.endswith("…")
    assert len(text) < 120


def test_nothing_to_compare_with() -> None:
    assert explain(manifests=(OTHER_STEP,)) == ("never built",)
    assert explain(manifests=()) == ("never built",)


def test_the_nearest_has_the_fewest_changes_and_then_the_latest() -> None:
    manifests = [FAR, OLD, LATER, OTHER_STEP]
    assert nearest(manifests, OLD.inputs, OLD.step) is LATER
    assert nearest(manifests, {"flags": "-O0", "compiler": "clang 4"}, OLD.step) is FAR

"""Graphs of a plan for other programs."""

from __future__ import annotations

import re

from builders import planned, recipe
from wheelforge.drawing import dot, mermaid
from wheelforge.graph import Plan


def _plan() -> Plan:
    return planned({"demo": recipe(head='depends = { base = "*" }'), "base": recipe("base")})


def test_mermaid_has_every_step_and_every_edge() -> None:
    plan = _plan()
    text = mermaid(plan)
    names = dict(re.findall(r'(s\d+)\["([^ "]+) ', text))
    assert sorted(names.values()) == sorted(step.id for step in plan.steps)
    edges = {(names[a], names[b]) for a, b in re.findall(r"(s\d+) --> (s\d+)", text)}
    assert edges == {(need, step.id) for step in plan.steps for need in step.needs}


def test_dot_has_every_step_and_every_edge() -> None:
    plan = _plan()
    text = dot(plan)
    assert text.startswith("digraph plan {")
    for step in plan.steps:
        assert f'"{step.id}" [label=' in text
        for need in step.needs:
            assert f'"{need}" -> "{step.id}";' in text

"""Pins to a plan: every step with its commands, and what of it has to be done, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.graph import Plan
from wheelforge.plan.assess import View, assess
from wheelforge.plan.layout import Layout
from wheelforge.plan.setting import Setting, Where
from wheelforge.recipe import dotted

if TYPE_CHECKING:
    from wheelforge.graph import Step
    from wheelforge.pin import Resolution

__all__ = ["Setting", "View", "Where", "assess", "plan"]


def _plainly(name: str, *key: str | int) -> str:
    return f"{name}: {dotted(key)}" if key else name


def plan(resolution: Resolution, setting: Setting, view: View, where: Where = _plainly) -> Plan:
    """Lay out the steps of all pins and decide for each: cached, idle or to do.

    `where(recipe, key, …)` names the place of a recipe's key in messages.
    """
    layout = Layout(setting, where)
    unique: dict[str, Step] = {}  # two packages may hold the same nested source
    for pin in resolution.pins:
        for step in layout.steps(pin):
            unique.setdefault(step.id, step)
    steps = tuple(unique.values())
    return Plan(
        steps=steps,
        states=assess(steps, resolution.requested, view),
        requested=resolution.requested,
        target=setting.target.name,
        archspec=setting.target.archspec,
        features=setting.target.features,
        toolchain=setting.compilers.toolchain,
        python=setting.python,
        compilers=setting.compilers,
    )

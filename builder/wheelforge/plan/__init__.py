"""Pins to a plan: every step with its commands, and what of it has to be done, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.graph import Plan
from wheelforge.plan.assess import View, assess
from wheelforge.plan.layout import Setting, lay_out

if TYPE_CHECKING:
    from wheelforge.graph import Step
    from wheelforge.pin import Resolution

__all__ = ["Setting", "View", "assess", "lay_out", "plan"]


def plan(resolution: Resolution, setting: Setting, view: View) -> Plan:
    """Lay out the steps of all pins and decide for each: cached, idle or to do."""
    pins = {pin.name: pin for pin in resolution.pins}
    unique: dict[str, Step] = {}  # two packages may hold the same nested source
    for pin in resolution.pins:
        for step in lay_out(pin, pins, setting):
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
    )

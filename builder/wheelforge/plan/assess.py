"""Decides what is to be done: cached, idle (nothing to be done needs it) or todo, with reasons.

The key of a step is made of its inputs and the *outputs* of the steps it needs. Where one of these
is not known before the run, neither is the key: the step counts as to do, and is decided again
when they are (a dependency that comes out the same spares its dependents).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Protocol

from wheelforge.graph import COMES_FIRST, FetchStep, State, Step, WheelSet, counts, key_of
from wheelforge.pin import PinnedSource
from wheelforge.store import Found

_REASONS = 5  # of the steps that come first, as many as anybody reads


class View(Protocol):
    """What is there already."""

    def identity(self, what: PinnedSource | WheelSet) -> str:
        """What fetching `what` gives, or "" where only fetching can tell."""

    def have(self, what: PinnedSource | WheelSet) -> bool:
        """True when nothing has to be fetched."""

    def find(self, key: str, name: str, version: str) -> Found:
        """The result under a key."""

    def explain(self, step: Step, needs: Mapping[str, str]) -> tuple[str, ...]:
        """Why there is no result for these inputs, against the nearest earlier one."""


def assess(steps: Sequence[Step], requested: Sequence[str], view: View) -> dict[str, State]:
    """The state of every step; `steps` come after what they need."""
    found: dict[str, State] = {}
    outputs: dict[str, str] = {}
    for step in steps:
        needs = {name: outputs.get(name, "") for name in step.needs}
        found[step.id], outputs[step.id] = _look(step, needs, view)
    return _demand(steps, found, requested)


def _look(step: Step, needs: dict[str, str], view: View) -> tuple[State, str]:
    """A step's state as if it were demanded, and its output where that is known."""
    if isinstance(step, FetchStep):
        identity = view.identity(step.what)
        if identity and view.have(step.what):
            return State(verdict="cached"), identity
        return State(verdict="todo", reasons=("not in the source cache",)), identity
    if not all(needs.values()) and any(counts(name) for name in needs if not needs[name]):
        before = (f"{name}{COMES_FIRST}" for name, output in needs.items() if not output)
        return State(verdict="todo", reasons=tuple(islice(before, _REASONS))), ""
    key = key_of(step, needs)
    entry, fault = view.find(key, step.name, step.version)
    if entry is not None:
        return State(verdict="cached", key=key), entry.manifest.output
    if fault:
        reasons: tuple[str, ...] = (f"the store's entry is damaged: {fault}",)
    else:
        told = {name: output for name, output in needs.items() if counts(name)}
        reasons = view.explain(step, told)
    return State(verdict="todo", reasons=reasons, key=key), ""


def _demand(
    steps: Sequence[Step], found: dict[str, State], requested: Sequence[str]
) -> dict[str, State]:
    """Only what a requested package's last steps lead to, through steps to be done, is to do."""
    wanted = {
        step.id for step in steps if step.name in requested and not isinstance(step, FetchStep)
    }
    states: dict[str, State] = {}
    for step in reversed(steps):
        state = found[step.id]
        if state.verdict == "todo" and step.id in wanted:
            wanted.update(step.needs)
            states[step.id] = state
        elif state.verdict == "todo":
            states[step.id] = State(verdict="idle", key=state.key)
        else:
            states[step.id] = state
    return {step.id: states[step.id] for step in steps}

"""A plan as text: a tree from what was asked for down to its sources."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from wheelforge.graph import COMES_FIRST, BuildStep, Command, FetchStep, Plan, Step, shown

# what every step has alike: left out of the tree, in the plan's JSON all the same
_NOISE = frozenset(
    {
        *("HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "PATH", "PKG_CONFIG_PATH", "PIP_NO_INPUT"),
        *("PYTHONHASHSEED", "PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE", "SOURCE_DATE_EPOCH"),
        *("CMAKE_BUILD_PARALLEL_LEVEL", "AR", "RANLIB", "CC", "CXX", "FC"),
    }
)
_SAME_FLAGS = frozenset({"CXXFLAGS", "FFLAGS"})
_MARKS = {"cached": "cached", "idle": "not needed", "todo": "to do"}


def tree(plan: Plan, *, details: bool) -> str:
    """Every step under the first one that needs it; `details` adds commands and environment."""
    steps = {step.id: step for step in plan.steps}
    needed = {name for step in plan.steps for name in step.needs}
    roots = [step for step in plan.steps if step.id not in needed]
    lines = [headline(plan), *(f"note: {lack.what}: {lack.remedy}" for lack in plan.lacks)]
    drawn: set[str] = set()
    for root in roots:
        lines += _draw(root, plan, steps, drawn, "", details=details)
    return "\n".join(lines)


def headline(plan: Plan) -> str:
    """What is built for what, with which versions, and how much of it is to be done."""
    todo = len(plan.todo)
    versions = [f"{step.name} {step.version}" for step in plan.steps if isinstance(step, BuildStep)]
    work = f"{todo} of {len(plan.steps)} steps to do" if todo else "nothing to do: all cached"
    return (
        f"{', '.join(versions)}\n"
        f"for {plan.target} ({plan.archspec}) with {plan.toolchain}, Python {plan.python.version}: "
        f"{work}"
    )


def _draw(
    root: Step, plan: Plan, steps: dict[str, Step], drawn: set[str], indent: str, *, details: bool
) -> Iterator[str]:
    """Depth first with a stack of our own: a plan may be deeper than Python's recursion."""
    stack = [(root, indent, "")]
    while stack:
        step, before, branch = stack.pop()
        again = step.id in drawn
        drawn.add(step.id)
        yield before + branch + _label(step, plan) + (" (above)" if again and step.needs else "")
        if again:
            continue
        inner = before + ("│  " if branch == "├─ " else "   " if branch else "")
        if details and plan.states[step.id].verdict != "idle":
            yield from (f"{inner}{'│ ' if step.needs else '  '}{line}" for line in _details(step))
        below = _direct(step, steps)
        for name in reversed(below):
            last = name == below[-1]
            stack.append((steps[name], inner, "└─ " if last else "├─ "))


def _direct(step: Step, steps: dict[str, Step]) -> list[str]:
    """What a step needs, without what these need themselves (as far as three steps down)."""
    below: set[str] = set()
    front = set(step.needs)
    for _ in range(3):
        front = {name for near in front for name in steps[near].needs}
        below |= front
    return [name for name in step.needs if name not in below]


def _label(step: Step, plan: Plan) -> str:
    state = plan.states[step.id]
    first = [reason for reason in state.reasons if not reason.endswith(COMES_FIRST)]
    why = f": {'; '.join(first)}" if first else ""
    return f"{step.id} {step.version} [{_MARKS[state.verdict]}{why}]"


def _details(step: Step) -> Iterator[str]:
    if isinstance(step, FetchStep):
        return
    if isinstance(step, BuildStep):
        for name, value in sorted(step.env.items()):
            common = name in _SAME_FLAGS and value == step.env.get("CFLAGS")
            if name not in _NOISE and not common:
                yield f"  {name}={shlex.quote(shown(value))}"
    commands: tuple[Command, ...] = getattr(step, "commands", ())
    for command in commands:
        yield f"  {command.label}: {shown(shlex.join(command.argv))}"

"""The critical path: the chain of steps that a run's wall time was made of."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from wheelforge.report.steps import StepLine


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the path: `seconds` it ran, after it had `waited` for jobs or memory."""

    step: str
    start: float
    seconds: float
    waited: float


def critical_path(steps: Sequence[StepLine]) -> tuple[Link, ...]:
    """From the step that ended last back, each time to the need that ended last; in order of time.

    A need that did not run in this run held nobody up, so the path ends there. Clocks may have been
    set meanwhile: a step counts from the end of the one before it, so that the sum of seconds and
    waits is never more than the wall time.
    """
    ran = {step.id: step for step in steps if step.start is not None}
    chain: dict[str, StepLine] = {}
    step = max(ran.values(), key=_end, default=None)
    while step is not None and step.id not in chain:
        chain[step.id] = step
        step = max((ran[name] for name in step.needs if name in ran), key=_end, default=None)
    links: list[Link] = []
    before = 0.0
    for step in reversed(chain.values()):
        start = max(before, step.start or 0.0)
        end = max(start, _end(step))
        links.append(Link(step=step.id, start=start, seconds=end - start, waited=start - before))
        before = end
    return tuple(links)


def _end(step: StepLine) -> float:
    return step.end or 0.0

"""Memory and busy jobs over the run, and where memory ran short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from wheelforge.events import Load, MemoryPressure
from wheelforge.report.axis import WIDTH, Axis
from wheelforge.report.figures import ACTIONS, actions
from wheelforge.report.html import Markup, element, joined
from wheelforge.report.timeline import Timeline
from wheelforge.resources import format_bytes, format_seconds

_POINTS = 800  # of a curve; more cannot be seen
_MARKS = 110  # of pressure
_HEIGHT = 1000


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the load from `at` on: the most memory used, and the mean of the jobs."""

    at: float
    used: int
    limit: int
    busy: float
    waiting: float
    frozen: int


def points(load: Sequence[Load], most: int = _POINTS) -> list[Point]:
    """The load in at most `most` stretches of as many samples each."""
    size = max(1, -(-len(load) // most))
    return [_point(load[first : first + size]) for first in range(0, len(load), size)]


def _point(load: Sequence[Load]) -> Point:
    return Point(
        at=load[0].at,
        used=max(item.used for item in load),
        limit=max(item.limit for item in load),
        busy=sum(item.busy for item in load) / len(load),
        waiting=sum(item.waiting for item in load) / len(load),
        frozen=max(item.frozen for item in load),
    )


def rows(line: Timeline, axis: Axis, found: Sequence[Point]) -> Iterator[Markup]:
    """Rows below the steps: memory, what was done when it ran short, jobs."""
    if found:
        yield _memory(line, axis, found)
    yield from _pressure(line.pressure, axis)
    if found:
        yield _jobs(line, axis, found)


def _memory(line: Timeline, axis: Axis, found: Sequence[Point]) -> Markup:
    peak = max(found, key=lambda point: point.used)
    limit = max(point.limit for point in found) or line.memory
    top = max(limit, peak.used, 1) * 1.08
    used = [(point.at, point.used / top) for point in found]
    drawn = [element("path", cls="memory", d=_area(used, axis))]
    high = peak.used / top
    place = f"bottom:{high:.1%}" if high < 0.6 else f"top:{1 - high:.1%}"  # noqa: PLR2004
    side = " left" if axis.share(peak.at) > 0.5 else ""  # noqa: PLR2004
    said = f"peak {format_bytes(peak.used)} at {format_seconds(peak.at)}"
    note = element("small", said, cls=f"note{side}", style=f"{axis.place(peak.at)};{place}")
    if limit:
        limits = [(point.at, (point.limit or limit) / top) for point in found]
        drawn.append(element("path", cls="limit", d=_line(limits, axis)))
    said = f"limit {format_bytes(limit)}" if limit else "no limit recorded"
    return _chart("Memory", said, drawn, [note])


def _jobs(line: Timeline, axis: Axis, found: Sequence[Point]) -> Markup:
    top = max(line.jobs, *(point.busy for point in found), 1) * 1.08
    busy = [(point.at, point.busy / top) for point in found]
    drawn = [element("path", cls="busy", d=_area(busy, axis))]
    if line.jobs:
        whole = [(0.0, line.jobs / top), (axis.wall, line.jobs / top)]
        drawn.append(element("path", cls="limit", d=_line(whole, axis)))
    return _chart("Busy jobs", f"of {line.jobs}", drawn, [])


def _chart(name: str, said: str, drawn: Sequence[Markup], notes: Sequence[Markup]) -> Markup:
    svg = element(
        "svg",
        *drawn,
        cls="zooms curve",
        viewBox=f"0 0 {WIDTH} {_HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{name} over time, {said}",
    )
    label = element("div", element("b", name), element("small", said), cls="name")
    return element("div", label, element("div", svg, *notes, cls="track"), cls="row load")


def _pressure(events: Sequence[MemoryPressure], axis: Axis) -> Iterator[Markup]:
    """A row of marks for each thing that was done; marks that would touch are one."""
    for action in actions(events):
        mine = [event for event in events if event.action == action]
        near: dict[int, list[MemoryPressure]] = {}
        for event in mine:
            near.setdefault(int(axis.share(event.at) * _MARKS), []).append(event)
        marks = joined(*(_mark(action, together, axis) for together in near.values()))
        label = element(
            "div", element("b", action.capitalize()), element("small", f"{len(mine)} ×"), cls="name"
        )
        yield element("div", label, element("div", marks, cls="track"), cls="row pressure")


def _mark(action: str, events: Sequence[MemoryPressure], axis: Axis) -> Markup:
    first, more = events[0], len(events) - 1
    said = (
        f"{action} at {format_seconds(first.at)}: {first.source} ({first.step}) held "
        f"{format_bytes(first.held)}, {format_bytes(first.left)} were left"
        + (f"; and {more} more" if more else "")
    )
    shape = action if action in ACTIONS else "other"
    return element("i", cls=f"mark {shape}", style=axis.place(first.at), data_tip=said)


def _area(values: Sequence[tuple[float, float]], axis: Axis) -> str:
    """The outline of what is below a line of steps, down to the ground."""
    first = axis.x(values[0][0])
    return f"M{first} {_HEIGHT}V{_y(values[0][1])}{_stairs(values, axis)}V{_HEIGHT}z"


def _line(values: Sequence[tuple[float, float]], axis: Axis) -> str:
    return f"M{axis.x(values[0][0])} {_y(values[0][1])}{_stairs(values, axis)}"


def _stairs(values: Sequence[tuple[float, float]], axis: Axis) -> str:
    """Each value holds until the next one; the last until the end, or as long as the one before."""
    steps = [f"H{axis.x(at)}V{_y(value)}" for at, value in values[1:]]
    before = values[-1][0] - values[-2][0] if len(values) > 1 else axis.wall
    return "".join(steps) + f"H{axis.x(values[-1][0] + before)}"


def _y(share: float) -> int:
    return round(_HEIGHT * (1 - share))

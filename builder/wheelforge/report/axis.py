"""The time axis all charts share: places on it are shares of the wall time."""

from __future__ import annotations

import msgspec

from wheelforge.report.html import Markup, element, joined

# ticks fall on what a clock shows
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_DAY = 86400
_ROOM = 0.93  # further right a tick's time would be cut off
WIDTH = 100_000  # the width of every drawing in its own units; it is stretched to the page


class Axis(msgspec.Struct, frozen=True):
    """From 0 to `wall` seconds."""

    wall: float

    def share(self, at: float) -> float:
        """Where a time is, from 0 to 1."""
        return min(1.0, max(0.0, at / self.wall)) if self.wall > 0 else 0.0

    def x(self, at: float) -> int:
        """Where a time is in a drawing."""
        return round(self.share(at) * WIDTH)

    def place(self, start: float, end: float | None = None) -> str:
        """The style of what stands at a time, or lasts from one to another."""
        place = f"--s:{self.share(start):.6f}"
        if end is None:
            return place
        return f"{place};--w:{max(0.0, self.share(end) - self.share(start)):.6f}"

    def ticks(self, most: int = 8) -> list[float]:
        """Round times, at most `most` after 0."""
        step = next((step for step in _STEPS if self.wall / step <= most), None)
        if step is None:
            step = _DAY
            while self.wall / step > most:
                step *= 2
        return [number * step for number in range(int(self.wall / step) + 1)]


def clock(seconds: float) -> str:
    """A time on the axis: `"0:05"`, `"1:30:00"`; below ten seconds with tenths."""
    if seconds != int(seconds):
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def scale(axis: Axis) -> Markup:
    """The axis with its times, and the lines that go down from it through all rows."""
    marks = [
        element(
            "span",
            element("b", clock(at)) if axis.share(at) < _ROOM else "",
            cls="tick",
            style=axis.place(at),
        )
        for at in axis.ticks()
    ]
    return element("div", joined(*marks), cls="scale", aria_hidden="true")

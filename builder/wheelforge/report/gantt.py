"""The steps as bars, their compiles below them in lanes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from wheelforge.report.axis import WIDTH, Axis
from wheelforge.report.critical import Link
from wheelforge.report.html import Markup, element, joined
from wheelforge.report.lanes import Block, coarse, pack
from wheelforge.report.steps import Ending, StepLine
from wheelforge.report.timeline import Timeline
from wheelforge.resources import format_seconds

MOST = 9000  # blocks on a page: what a browser draws at once, and about a megabyte
_FEWEST = 40  # of a step, however small its share
_LONGEST = 120  # characters of a source: its end tells more than its beginning
# of WIDTH: what is shorter is drawn as long, so that it can be seen; what failed has to be
_LEAST = 12
_LEAST_FAILED = 300


def blocks_of(line: Timeline) -> dict[str, list[Block]]:
    """The blocks of each step that has units; a run with too many shares out what may be drawn."""
    units = defaultdict(list)
    for unit in line.units:
        if not unit.reused:
            units[unit.step].append(unit)
    whole = sum(map(len, units.values()))
    packed = {step: pack(mine) for step, mine in units.items()}
    if whole <= MOST:
        return packed
    return {
        step: coarse(blocks, max(_FEWEST, MOST * len(blocks) // whole), line.wall / 5000)
        for step, blocks in packed.items()
    }


def rows(
    line: Timeline, axis: Axis, critical: Sequence[Link], blocks: Mapping[str, list[Block]]
) -> Iterator[Markup]:
    """A row for every step that ran, in order of their starts; then those that were not reached."""
    links = {link.step: link for link in critical}
    numbers = {step.id: number for number, step in enumerate(line.steps)}
    ran = [step for step in line.steps if step.start is not None]
    for step in sorted(ran, key=lambda step: (step.start or 0.0, step.end or 0.0)):
        number = numbers[step.id]
        yield _row(step, number, axis, links.get(step.id), blocks.get(step.id, []))
    for step in line.steps:
        if step.start is None and step.ending in {Ending.SKIPPED, Ending.WAITING}:
            yield _absent(step, numbers[step.id])


def _row(
    step: StepLine, number: int, axis: Axis, link: Link | None, blocks: Sequence[Block]
) -> Markup:
    start, end = step.start or 0.0, step.end or 0.0
    said = f"{step.ending}, {format_seconds(step.seconds)}"
    mark = element("abbr", "◆", title="on the critical path", cls="mark") if link else ""
    name = element(
        "div",
        element("a", step.id, href=f"#step-{number}"),
        mark,
        element("small", said),
        cls="name",
    )
    wait = ""
    if link is not None and axis.share(link.waited) > 0:
        wait = element(
            "i",
            cls="wait",
            style=axis.place(link.start - link.waited, link.start),
            data_tip=f"waited {format_seconds(link.waited)} for jobs or memory",
        )
    bar = element(
        "i",
        cls=f"bar {step.ending.name.lower()}" + (" critical" if link else ""),
        style=axis.place(start, end),
        data_tip=f"{step.id}: {said}" + (f", {step.jobs} jobs" if step.jobs > 1 else ""),
    )
    drawing = _drawing(blocks, axis, number) if blocks else ""
    track = element("div", wait, bar, drawing, cls="track")
    return element("div", name, track, cls="row", data_from=f"{start:.3f}", data_to=f"{end:.3f}")


def _absent(step: StepLine, number: int) -> Markup:
    link = element("a", step.id, href=f"#step-{number}")
    name = element("div", link, element("small", step.ending), cls="name")
    said = element("small", step.detail or "not reached")
    return element("div", name, element("div", said, cls="track absent"), cls="row")


def _drawing(blocks: Sequence[Block], axis: Axis, number: int) -> Markup:
    """The lanes as one picture: a path for each kind; neighbours differ in shade to be told apart.

    It is `height` pixels high, at most about 200.
    """
    lanes = max(block.lane for block in blocks) + 1
    paths: dict[str, list[str]] = defaultdict(list)
    turn: dict[int, int] = defaultdict(int)
    for block in blocks:
        turn[block.lane] ^= 1
        shade = f"compile-{turn[block.lane]}" if block.kind == "compile" else block.kind
        x = axis.x(block.start)
        least = _LEAST_FAILED if block.kind == "failed" else _LEAST
        width = max(least, axis.x(block.end) - x)
        paths[shade].append(f"M{x} {block.lane}h{width}v1h-{width}z")
    drawn = joined(
        *(element("path", cls=f"u {shade}", d="".join(d)) for shade, d in sorted(paths.items()))
    )
    height = max(8, min(200, lanes * (8 if lanes <= 16 else 3)))  # noqa: PLR2004
    return element(
        "svg",
        drawn,
        cls="zooms units",
        viewBox=f"0 0 {WIDTH} {lanes}",
        preserveAspectRatio="none",
        style=f"height:{height}px",
        data_step=number,
        role="img",
        aria_label=f"{sum(block.count for block in blocks)} units in {lanes} lanes",
    )


def hover(
    line: Timeline, blocks: Mapping[str, list[Block]]
) -> dict[str, list[tuple[int, int, int, int, str, float, int, float, int, int, str]]]:
    """What the drawings say under the pointer, by the number of the step; times in milliseconds.

    lane, start, end, units, source of the longest, its seconds, peak MiB, its wait, attempts, exit
    code, kind.
    """
    numbers = {step.id: str(number) for number, step in enumerate(line.steps)}
    return {
        numbers[step]: [
            (
                block.lane,
                round(block.start * 1000),
                round(block.end * 1000),
                block.count,
                _short(block.longest.source or block.longest.output),
                round(block.longest.seconds, 1),
                block.peak >> 20,
                round(block.longest.waited, 1),
                block.longest.attempts,
                block.longest.code,
                block.longest.kind,
            )
            for block in mine
        ]
        for step, mine in blocks.items()
        if step in numbers
    }


def _short(source: str) -> str:
    return source if len(source) <= _LONGEST else "…" + source[1 - _LONGEST :]

"""The tables: the slowest and the hungriest sources, the critical path, every step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wheelforge.events import UnitFinished
from wheelforge.report.critical import Link
from wheelforge.report.html import Markup, element, joined
from wheelforge.report.steps import Span, StepLine
from wheelforge.report.timeline import Timeline
from wheelforge.resources import format_bytes, format_seconds

MOST = 20


def slowest(line: Timeline) -> Markup:
    """The sources that took longest."""
    return _units("Slowest sources", line, lambda unit: unit.seconds)


def hungriest(line: Timeline) -> Markup:
    """The sources whose largest process held most memory."""
    return _units("Sources with the largest peak of memory", line, lambda unit: unit.peak)


def _units(title: str, line: Timeline, size: Callable[[UnitFinished], float]) -> Markup:
    found = sorted((unit for unit in line.units if not unit.reused), key=size, reverse=True)
    if not found:
        return Markup()
    head = ("Source", "Step", "Seconds", "Waited", "Peak", "Attempts")
    body = [
        (
            unit.source or unit.output,
            unit.step,
            f"{unit.seconds:.1f}",
            f"{unit.waited:.1f}",
            format_bytes(unit.peak),
            str(unit.attempts) + (f" (exit {unit.code})" if unit.code else ""),
        )
        for unit in found[:MOST]
    ]
    return _section(title, _table(head, body, numbers=(2, 3, 4, 5), wide=(0,)))


def path(links: Sequence[Link], wall: float) -> Markup:
    """The critical path, a line for each step, and what it leaves unexplained."""
    if not links:
        return Markup()
    body = [
        (
            element("span", element("abbr", "◆", cls="mark", aria_hidden="true"), link.step),
            f"{link.waited:.1f}",
            f"{link.seconds:.1f}",
            f"{link.seconds / wall:.0%}" if wall else "",
        )
        for link in links
    ]
    whole = sum(link.seconds + link.waited for link in links)
    said = (
        f"{format_seconds(whole)} of {format_seconds(wall)}: each step started when the one before "
        "had ended, apart from what it waited for jobs or memory. The run ends sooner only if one "
        "of these does."
    )
    table = _table(("Step", "Waited, s", "Ran, s", "Of the run"), body, numbers=(1, 2, 3))
    return _section("Critical path", element("p", said), table)


def steps(line: Timeline) -> Markup:
    """Every step of the plan: how it ended, why it ran, its commands, log and failure."""
    body = [_step(number, step) for number, step in enumerate(line.steps)]
    head = element(
        "tr", *(element("th", text, scope="col") for text in ("Step", "Ended", "Seconds", "Why"))
    )
    table = element("table", element("thead", head), element("tbody", *body), cls="steps")
    return _section("Steps", table)


def _step(number: int, step: StepLine) -> Markup:
    ended = element("span", step.ending, cls=f"badge {step.ending.name.lower()}")
    cells = [
        element("th", step.id, " ", element("small", step.version), scope="row"),
        element("td", ended),
        element("td", f"{step.seconds:.1f}" if step.start is not None else "", cls="number"),
        element("td", *_story(step), cls="why"),
    ]
    return element("tr", *cells, id=f"step-{number}")


def _story(step: StepLine) -> list[Markup]:
    story = [element("div", step.why or "no reason was recorded")]
    if step.detail:
        story.append(element("pre", step.detail))
    used = step.cache_hits + step.cache_misses
    if used:
        story.append(element("small", f"compiler cache: {step.cache_hits} of {used} hits"))
    if step.commands:
        story.append(_commands(step.commands))
    if step.log:
        story.append(element("code", step.log, cls="log"))
    return story


def _commands(commands: Sequence[Span]) -> Markup:
    lines = [
        element("li", span.label, " ", element("b", format_seconds(span.end - span.start)))
        for span in commands
    ]
    count = f"{len(lines)} command{'s' * (len(lines) != 1)}"
    return element("details", element("summary", count), element("ol", *lines))


def _section(title: str, *content: Markup) -> Markup:
    return element("section", element("h2", title), *content)


def _table(
    head: Sequence[str],
    body: Sequence[Sequence[object]],
    numbers: Sequence[int],
    wide: Sequence[int] = (),
) -> Markup:
    """A table in a box of its own, in which it scrolls where the page is too narrow for it.

    One with a `wide` column becomes a list of cards there: the figures under what they are of.
    """

    def look(column: int) -> str | None:
        return "number" if column in numbers else "source" if column in wide else None

    names = [element("th", text, cls=look(column), scope="col") for column, text in enumerate(head)]
    lines = [
        element(
            "tr",
            *(
                element("td", cell, cls=look(column), data_name=head[column])
                for column, cell in enumerate(row)
            ),
        )
        for row in body
    ]
    table = element(
        "table",
        element("thead", element("tr", *names)),
        element("tbody", joined(*lines)),
        cls="cards" if wide else None,
    )
    return element("div", table, cls="scrolls", tabindex="0")

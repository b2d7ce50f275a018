"""The page about a run: one HTML file that needs nothing else, and may not load anything."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from wheelforge import __version__
from wheelforge.report import charts, gantt, tables
from wheelforge.report.axis import Axis, scale
from wheelforge.report.charts import Point
from wheelforge.report.figures import Figures, figures
from wheelforge.report.html import Markup, data, element, joined
from wheelforge.report.lanes import Block
from wheelforge.report.steps import Ending
from wheelforge.report.timeline import Result, Timeline
from wheelforge.resources import format_bytes, format_seconds

_MORE = {
    Result.KILLED: "no end was recorded: its process was killed, or the machine went down",
    Result.RUNNING: "this page shows how far it was when it was written",
}
_KEY = ("built", "cached", "failed", "interrupted")
_UNITS = {
    "compile": "compile", "link": "link", "other": "other work", "retried": "tried again",
    "failed": "failed compile or link",
}  # fmt: skip


def page(line: Timeline) -> str:
    """The whole page."""
    found = figures(line)
    blocks = gantt.blocks_of(line)
    load = charts.points(line.load)
    title = f"{', '.join(found.requested) or found.run}: {found.result}"
    body = element(
        "main",
        _head(found),
        _failures(line),
        _chart(line, found, blocks, load),
        tables.path(found.critical, line.wall),
        tables.slowest(line),
        tables.hungriest(line),
        tables.steps(line),
        _foot(line, found),
    )
    script = Markup(_file("page.js"))
    return "<!doctype html>\n" + element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("title", title),
            element("style", Markup(_file("page.css"))),
        ),
        element("body", body, _data(line, blocks, load), element("script", script)),
        lang="en",
    )


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _policy(script: str) -> str:
    """Nothing is loaded from anywhere, and the only script is ours, whatever else gets in."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def _head(found: Figures) -> Markup:
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(found.began))
    for_what = (
        f"for {found.target} ({found.archspec}) with {found.toolchain}, Python {found.python}"
    )
    tiles = [
        element("div", element("dt", name), element("dd", value, element("small", more)))
        for name, value, more in _tiles(found)
    ]
    return element(
        "header",
        element("p", "wheelforge run ", element("code", found.run), " · ", when, cls="when"),
        element("h1", ", ".join(found.requested) or found.run),
        element("p", for_what),
        element(
            "p",
            element("strong", found.result, cls=f"badge {found.result}"),
            " ",
            element("small", _MORE.get(found.result, "")),
        ),
        element("dl", *tiles),
    )


def _tiles(found: Figures) -> Iterator[tuple[str, str, str]]:
    """Name, figure, and what to hold it against."""
    steps = ", ".join(f"{count} {ending}" for ending, count in found.steps.items())
    yield "Wall time", format_seconds(found.wall), f"critical path of {len(found.critical)} steps"
    yield "Steps", str(sum(found.steps.values())), steps
    if found.busy is None:
        yield "Jobs used", "–", f"not recorded; {found.jobs} jobs"
    else:
        yield "Jobs used", f"{found.busy:.0%}", f"of {found.jobs} jobs × wall time"
    limit = f"limit {format_bytes(found.memory)}" if found.memory else "no limit"
    if found.peak is None:
        yield "Peak memory", "–", f"not recorded; {limit}"
    else:
        yield "Peak memory", format_bytes(found.peak), limit
    more = f"{found.links} links" + (f", {found.reused} reused" if found.reused else "")
    more += f", {found.failed} failed" if found.failed else ""
    yield "Compiles", f"{found.compiles:,}", more
    lookups = found.cache_hits + found.cache_misses
    hits = f"{found.cache_hits / lookups:.0%}" if lookups else "–"
    yield "Compiler cache", hits, f"{found.cache_hits:,} of {lookups:,} hits" if lookups else "none"
    done = ", ".join(f"{count} {action}" for action, count in found.pressure.items())
    yield "Memory retries", str(found.retries), done or "no shortage recorded"


def _failures(line: Timeline) -> Markup:
    """What failed, before anything else: that is why most people look."""
    failed = [
        element(
            "div",
            element("h2", element("a", step.id, href=f"#step-{number}"), " failed"),
            element("pre", step.detail or "no reason was recorded"),
            cls="failure",
        )
        for number, step in enumerate(line.steps)
        if step.ending is Ending.FAILED
    ]
    return joined(*failed)


def _chart(
    line: Timeline, found: Figures, blocks: Mapping[str, list[Block]], load: Sequence[Point]
) -> Markup:
    axis = Axis(line.wall)
    rows = [*gantt.rows(line, axis, found.critical, blocks), *charts.rows(line, axis, load)]
    if not rows:
        return Markup()
    before = sum(step.ending is Ending.CACHED and step.start is None for step in line.steps)
    missing = [
        text
        for text, absent in (
            (f"Not drawn: {before} of the steps, cached before the run.", before),
            ("No compiles were recorded in this run.", not line.units),
            ("No load was recorded in this run.", not line.load),
        )
        if absent
    ]
    chart = element("div", scale(axis), *rows, cls="chart", data_wall=f"{line.wall:.3f}")
    return element(
        "section",
        element("h2", "Timeline"),
        _key(line, blocks),
        chart,
        element("p", " ".join(missing), cls="missing") if missing else "",
        id="timeline",
    )


def _key(line: Timeline, blocks: Mapping[str, list[Block]]) -> Markup:
    """What the colours and signs mean; the words stand in the rows as well."""
    seen = {step.ending for step in line.steps if step.start is not None}
    keys = [element("li", element("i", cls=f"bar {name}"), name) for name in _KEY if name in seen]
    keys.append(element("li", element("abbr", "◆", cls="mark"), "critical path"))
    kinds = {block.kind for mine in blocks.values() for block in mine}
    keys += [
        element("li", element("i", cls=f"unit {kind}"), name)
        for kind, name in _UNITS.items()
        if kind in kinds
    ]
    whole = element("button", "Whole run", type="button", id="whole", hidden=True)
    return element("div", element("ul", *keys, cls="key"), whole, cls="tools")


def _data(line: Timeline, blocks: Mapping[str, list[Block]], load: Sequence[Point]) -> Markup:
    """What is told of the place under the pointer; times in milliseconds, memory in MiB."""
    told = [
        (round(point.at * 1000), point.used >> 20, round(point.busy, 1), round(point.waiting, 1),
         point.frozen)
        for point in load
    ]  # fmt: skip
    content = {"units": gantt.hover(line, blocks), "load": told}
    return element("script", data(content), type="application/json", id="data")


def _foot(line: Timeline, found: Figures) -> Markup:
    notices = [element("li", text) for text in line.notices]
    unread = (
        f" {found.unread} lines of events.jsonl could not be read: cut off, or of a newer version."
        if found.unread
        else ""
    )
    return element(
        "footer",
        element("ul", *notices) if notices else "",
        element(
            "p", f"wheelforge {__version__}, from ", element("code", found.folder), ".", unread
        ),
    )

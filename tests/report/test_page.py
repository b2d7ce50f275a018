from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from runs import GIB, HOSTILE, Story, stack

from wheelforge.graph import Plan
from wheelforge.report import Record, Timeline, assemble, page
from wheelforge.report.axis import Axis
from wheelforge.report.charts import points
from wheelforge.report.html import Markup, data, element, escaped

SMALL = {"build:acl": 30, "build:openblas": 20, "build:torch": 50}
MIB = 1 << 20


class Parsed(HTMLParser):
    """The elements of a page, and the text in some of them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"script", "style"}:
            self.text.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def line_of(story: Story, plan: Plan | None = None) -> Timeline:
    record = Record(plan or story.plan, tuple(story.events()), 0)
    return assemble(record, Path("/runs/20261120-120000-1"))


def test_the_page_says_what_happened() -> None:
    story = Story(units=SMALL, jobs=4, memory=5 * GIB, failing="build:torch")
    parsed = Parsed(page(line_of(story)))
    said = " ".join(parsed.text)
    for text in (
        "for a64fx (a64fx) with native, Python 3.12.4", "2023-11-14 22:13:20 UTC",
        "Critical path", "Slowest sources", "Sources with the largest peak of memory",
        "build failed with exit code 1: kernel.cpp:3: error: x", "because build:torch failed",
        "/runs/logs/build:torch.log", "limit 5.0 GiB", "Frozen", "Killed", "configure",
    ):  # fmt: skip
        assert text in said, text
    assert not parsed.open
    steps = {attributes["id"] for attributes in parsed.named("tr") if "id" in attributes}
    linked = {str(attributes["href"])[1:] for attributes in parsed.named("a")}
    assert linked <= steps
    assert len(steps) == len(stack().steps)


def test_a_run_without_units_says_so() -> None:
    said = page(line_of(Story(units={})))
    assert "No compiles were recorded in this run." in said
    assert "<h2>Slowest sources" not in said


def test_nothing_is_loaded_and_only_our_script_may_run() -> None:
    text = page(line_of(Story(units=SMALL)))
    parsed = Parsed(text)
    assert not re.search(r"(?:src|href)=\"(?!#)", text)
    assert not re.search(r"url\(|@import|https?://", text)
    [policy] = [meta["content"] for meta in parsed.named("meta") if "http-equiv" in meta]
    [script] = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )


def hostile() -> Timeline:
    """A run in which every text that comes from elsewhere is hostile."""
    line = line_of(Story(units=SMALL, jobs=4, memory=5 * GIB, source=HOSTILE))
    change = msgspec.structs.replace
    steps = tuple(
        change(
            step, version=HOSTILE, why=HOSTILE, log=HOSTILE, detail=HOSTILE,
            commands=tuple(change(item, label=HOSTILE) for item in step.commands),
        )
        for step in line.steps
    )  # fmt: skip
    pressure = tuple(change(item, step=HOSTILE, action=HOSTILE) for item in line.pressure)
    plan = change(line.plan, requested=(HOSTILE,), target=HOSTILE, toolchain=HOSTILE)
    return change(
        line, steps=steps, pressure=pressure, plan=plan, run=HOSTILE, folder=HOSTILE,
        notices=(HOSTILE,), units=tuple(change(unit, output=HOSTILE) for unit in line.units),
    )  # fmt: skip


def test_hostile_names_stay_text() -> None:
    text = page(hostile())
    parsed = Parsed(text)
    assert not parsed.named("img")
    assert [script.get("id") for script in parsed.named("script")] == ["data", None]
    assert not any(key.startswith("on") for _, attributes in parsed.found for key in attributes)
    assert "\x00" not in text
    shown = HOSTILE.replace("\x00", "\ufffd")
    assert sum(shown in piece for piece in parsed.text) > 40
    [known] = re.findall(r'id="data">(.*?)</script>', text, re.DOTALL)
    told = msgspec.json.decode(known)
    assert HOSTILE in {block[4] for blocks in told["units"].values() for block in blocks}


@pytest.mark.parametrize(
    ("torch", "folder", "most"),
    [(3900, "native", 1.2 * MIB), (60000, "native", 2 * MIB), (60000, "native/" * 99, 2 * MIB)],
    ids=["6,000 units", "62,000 units", "long paths"],
)
def test_the_page_stays_small(torch: int, folder: str, most: float) -> None:
    units = {"build:acl": 1200, "build:openblas": 900, "build:torch": torch}
    source = f"src/{folder}/{{name}}/kernel_{{number}}.cpp"
    line = line_of(Story(units=units, memory=24 * GIB, source=source))
    text = page(line)
    assert len(line.units) == sum(units.values())
    assert len(text.encode()) < most
    [known] = re.findall(r'id="data">(.*?)</script>', text, re.DOTALL)
    told = msgspec.json.decode(known)
    drawn = sum(block[3] for blocks in told["units"].values() for block in blocks)
    assert drawn == len(line.units)


def test_many_samples_become_a_curve_that_keeps_its_peak() -> None:
    load = line_of(Story(memory=24 * GIB)).load
    found = points(load, 50)
    assert len(found) <= 50
    assert max(point.used for point in found) == max(item.used for item in load)


@pytest.mark.parametrize("wall", [0.0, 0.3, 7, 59, 3600, 86400, 1e7])
def test_ticks_are_few_and_lie_on_the_axis(wall: float) -> None:
    ticks = Axis(wall).ticks()
    assert ticks[0] == 0
    assert 1 <= len(ticks) <= 9
    assert ticks[-1] <= wall


def test_markup() -> None:
    assert element("a", "<b>", Markup("<i>"), cls='"', hidden=True, href=None) == (
        '<a class="&quot;" hidden>&lt;b&gt;<i></a>'
    )
    assert escaped("a\x00\x1b\n") == "a\ufffd\ufffd\n"
    assert msgspec.json.decode(str(data(["</script>&\u2028"]))) == ["</script>&\u2028"]
    assert "<" not in data("</script>")

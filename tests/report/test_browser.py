"""The page as a browser draws it: on a phone and on a desk, by day and by night."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import CHROMIUM, Browser
from runs import GIB, HOSTILE, Story

from wheelforge.report import Record, assemble, page

if TYPE_CHECKING:
    from PIL.Image import Image

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
]

# of page.css, by scheme: the ground, a built bar, a compile, the failed, the critical path
LIGHT = {"ground": "#ffffff", "built": "#2e6fad", "compile": "#5c95ca", "failed": "#c0392b",
         "critical": "#d9861a"}  # fmt: skip
DARK = {"ground": "#14181d", "built": "#4a90d0", "compile": "#5485b5", "failed": "#e0604f",
        "critical": "#e79a3c"}  # fmt: skip
LEAST = {"ground": 0.2, "built": 0.0005, "compile": 0.01, "failed": 0.0005, "critical": 0.0002}
WIDTHS = [320, 375, 1280]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Browser]:
    """A run that failed, with hostile names, as a page; and a browser."""
    story = Story(failing="build:torch", memory=24 * GIB, source="src/" + HOSTILE + "{number}")
    folder = tmp_path_factory.mktemp("browser")
    file = folder / "report.html"
    line = assemble(Record(story.plan, tuple(story.events()), 0), folder)
    file.write_text(page(line), encoding="utf-8")
    return file, Browser(folder)


def shares(image: Image) -> dict[str, float]:
    """How much of a picture each colour covers."""
    whole = image.width * image.height
    counted = image.getcolors(whole)
    assert counted is not None
    return {"#{:02x}{:02x}{:02x}".format(*colour): count / whole for count, colour in counted}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_it_draws(drawn: tuple[Path, Browser], width: int, dark: bool) -> None:
    file, browser = drawn
    found = shares(browser.picture(file, width, 2000, dark=dark))
    for name, colour in (DARK if dark else LIGHT).items():
        assert found.get(colour, 0.0) > LEAST[name], (name, colour)


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(drawn: tuple[Path, Browser], width: int) -> None:
    file, browser = drawn
    script = "const r = document.documentElement; return [r.clientWidth, r.scrollWidth];"
    assert browser.asked(file, width, script) == [width, width]


@pytest.mark.parametrize("width", WIDTHS)
def test_all_rows_share_one_axis(drawn: tuple[Path, Browser], width: int) -> None:
    file, browser = drawn
    script = """
        const boxes = [...document.querySelectorAll(".track, .scale")].map(
            (item) => item.getBoundingClientRect());
        return [boxes.length, [...new Set(boxes.map((b) => `${b.left} ${b.right}`))].length];
    """
    answer: Any = browser.asked(file, width, script)
    assert answer[0] > 10
    assert answer[1] == 1


def test_the_pages_own_script_runs_and_no_other(drawn: tuple[Path, Browser]) -> None:
    file, browser = drawn
    dom = browser.dom(file)
    assert '<html lang="en" class="js">' in dom
    assert "<title>torch: failed</title>" in dom
    assert dom.count(">Zoom</button>") == 3


def test_a_finger_on_a_compile_is_told_what_it_is(drawn: tuple[Path, Browser]) -> None:
    file, browser = drawn
    script = """
        const svg = [...document.querySelectorAll("svg.units")].pop();
        const bars = svg.getBBox(), box = svg.getBoundingClientRect();
        svg.dispatchEvent(new PointerEvent("pointerdown", {bubbles: true, pointerType: "touch",
            clientX: box.left + (bars.x + bars.width / 2) / 1e5 * box.width,
            clientY: box.top + box.height / 2}));
        const tip = document.getElementById("tip");
        return [tip.hidden, tip.textContent];
    """
    hidden, text = browser.asked(file, 375, script)  # type: ignore[misc]
    assert not hidden
    assert text.startswith("src/</script><script>document.title")
    assert "\npeak " in text


def test_zooming_moves_bars_pictures_and_axis_together_and_back(
    drawn: tuple[Path, Browser],
) -> None:
    file, browser = drawn
    script = """
        const row = document.querySelectorAll(".row:has(svg.units)")[2];
        const svg = row.querySelector("svg"), track = row.querySelector(".track");
        const seen = () => {
            const bar = row.querySelector(".bar").getBoundingClientRect();
            const box = track.getBoundingClientRect();
            return [(bar.left - box.left) / box.width, bar.width / box.width,
                svg.viewBox.baseVal.x, svg.viewBox.baseVal.width,
                document.querySelector(".tick b").textContent];
        };
        const before = seen();
        row.querySelector("button").click();
        const near = seen();
        document.getElementById("whole").click();
        return [before, near, seen()];
    """
    before, near, after = browser.asked(file, 1280, script)  # type: ignore[misc]
    assert before == after
    assert before[2:] == [0, 100_000, "0:00"]
    assert before[1] < 0.6
    assert near[0] < 0.05
    assert near[1] > 0.9
    assert near[2] > 40_000
    assert near[3] < 60_000
    assert near[4] != "0:00"

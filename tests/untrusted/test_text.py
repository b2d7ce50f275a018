"""What foreign text may do to a terminal: nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wheelforge.untrusted import named, printable


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain, größer … 漢字 🙂", "plain, größer … 漢字 🙂"),
        ("two\n\tlines", "two\n\tlines"),
        ("\x1b]0;title\x07", r"\u001b]0;title\u0007"),
        ("\x1b[1;31mred\x1b[0m\x1b[K", "red"),
        ("\x1b[2Jgone\rover", r"\u001b[2Jgone\u000dover"),
        ("\x9b31m\x7f", r"\u009b31m\u007f"),
        ("abc\u202etxt.exe", r"abc\u202etxt.exe"),
        ("a\u200bb\u2028c", r"a\u200bb\u2028c"),
        ("latin\udce9", r"latin\udce9"),
        ("\U000e0041", r"\udb40\udc41"),
    ],
)
def test_what_steers_or_hides_is_seen(text: str, seen: str) -> None:
    assert printable(text) == seen


@given(st.text(st.characters(), max_size=30))
@example("\x1b[\x1b[0m31m")  # taking a colour out must not leave another one
def test_nothing_is_left_that_is_not_seen(text: str) -> None:
    assert printable(text).replace("\n", "").replace("\t", "").isprintable()


@given(st.recursive(st.text(st.characters(exclude_categories=["Cs"])), st.lists))
def test_json_means_the_same(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert json.loads(printable(text)) == value


def test_a_name_in_a_message_is_one_short_line() -> None:
    assert named("a\nerror: all is well\t!") == r"a\u000aerror: all is well\u0009!"
    long = named("x" * 10_000 + "end")
    assert len(long) < 310
    assert long.endswith("xend")

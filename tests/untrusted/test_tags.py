"""Pages that a parser of HTML would give up on, or never end with."""

from __future__ import annotations

import pytest

from wheelforge.untrusted import tags


def test_tags_are_found_in_their_order() -> None:
    page = "<p><A HREF='&lt;x'>1</a><base href=y><a>2</a><!-- <a href=z> --><a b"
    assert tags(page, {"a", "base"}) == [("a", {"href": "<x"}), ("base", {"href": "y"}), ("a", {})]


@pytest.mark.parametrize("text", ["<![", "<![x[", "<!x[", "<!DOCTYPE x [ <!y"])
def test_declarations_that_are_none(text: str) -> None:
    page = f"<a>{text}<a></a>"
    try:
        assert tags(page, {"a"})[0] == ("a", {})
    except ValueError as error:  # which of them the parser minds depends on its release
        assert str(error).startswith("not HTML: ")  # noqa: PT017


@pytest.mark.parametrize("text", ["<!--", "<a", "<a x='", "</", "<![CDATA[", "<?", "&#"])
def test_what_never_ends_is_passed_over_at_once(text: str) -> None:
    """Closing the parser took hours for one of these."""
    assert tags("<a>" + text * 200_000, {"a"})[:1] == [("a", {})]

"""Reads the tags of a page from elsewhere."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

Attributes = dict[str, str | None]


def tags(page: str, wanted: Collection[str]) -> list[tuple[str, Attributes]]:
    """These tags of a page with their attributes, in its order; ValueError where it is no HTML.

    A page that ends within a tag or a comment is read up to there, as pip reads it. To be told that
    it has ended (`close`) makes the parser look for the end again from every `<`: half a minute for
    a page of 200 kB.
    """
    reader = _Reader(wanted)
    try:
        reader.feed(page)
    except AssertionError as error:  # the parser's word for declarations it does not know
        raise ValueError(f"not HTML: {error}") from error
    return reader.found


class _Reader(HTMLParser):
    def __init__(self, wanted: Collection[str]) -> None:
        super().__init__()
        self._wanted = wanted
        self.found: list[tuple[str, Attributes]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._wanted:
            self.found.append((tag, dict(attrs)))

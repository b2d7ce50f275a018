"""Reads one project's page of a package index: JSON (PEP 691) or HTML (PEP 503)."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import msgspec

if TYPE_CHECKING:
    from wheelforge.fetch.web import Page

ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.2"


class Listed(NamedTuple):
    """A file of an index; `sha256` is empty where the index does not say."""

    name: str
    address: str
    sha256: str


class _File(msgspec.Struct, frozen=True, kw_only=True):
    filename: str
    url: str
    hashes: dict[str, str] = {}


class _Project(msgspec.Struct, frozen=True, kw_only=True):
    files: tuple[_File, ...] = ()


def parse(page: Page) -> list[Listed]:
    """The files of a page. Raises msgspec.DecodeError or UnicodeDecodeError on a broken one."""
    if "json" in page.type:
        project = msgspec.json.decode(page.body, type=_Project)
        return [
            Listed(file.filename, urljoin(page.address, file.url), file.hashes.get("sha256", ""))
            for file in project.files
        ]
    reader = _Links(page.address)
    reader.feed(page.body.decode())
    reader.close()
    return [listed(address) for address in reader.addresses]


def listed(address: str) -> Listed:
    """A file by its address, which may end in `#sha256=…`."""
    plain, fragment = urldefrag(address)
    name = unquote(urlsplit(plain).path.rpartition("/")[2])
    sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""
    return Listed(name, plain, sha256)


class _Links(HTMLParser):
    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if tag == "base" and target:
            self._base = urljoin(self._base, target)
        elif tag == "a" and target:
            self.addresses.append(urljoin(self._base, target))

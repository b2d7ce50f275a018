"""Reads one project's page of a package index: JSON (PEP 691) or HTML (PEP 503)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import msgspec

from wheelforge.untrusted import decoded, tags

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """The files of a page. Raises msgspec.DecodeError or ValueError on a broken one."""
    if "json" in page.type:
        project = decoded(page.body, _Project)
        return [
            Listed(file.filename, urljoin(page.address, file.url), file.hashes.get("sha256", ""))
            for file in project.files
        ]
    return [listed(address) for address in _addresses(page.body.decode(), page.address)]


def _addresses(page: str, base: str) -> Iterator[str]:
    for tag, attributes in tags(page, {"a", "base"}):
        if target := attributes.get("href"):
            address = urljoin(base, target)
            if tag == "a":
                yield address
            else:
                base = address


def listed(address: str) -> Listed:
    """A file by its address, which may end in `#sha256=…`."""
    plain, fragment = urldefrag(address)
    name = unquote(urlsplit(plain).path.rpartition("/")[2])
    sha256 = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""
    return Listed(name, plain, sha256)

"""Pages of a foreign package index: in JSON and in HTML."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from guard import Harm, guarded
from mutation import NAMES, lines_changed

from wheelforge.fetch import simple_index
from wheelforge.fetch.web import Page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_ADDRESS = "https://index.test/simple/demo/"
_HTML = (
    b'<!DOCTYPE html><html><head><base href="/files/"></head><body>\n'
    b'<a href="demo-1.0.tar.gz#sha256=' + b"0" * 64 + b'" data-requires-python="&gt;=3.9">\n'
    b"demo-1.0.tar.gz</a><br>\n<a href='../../demo-1.0%2Bx.whl'>x</a></body></html>\n"
)
_JSON = (
    b'{"meta": {"api-version": "1.1"},\n"name": "demo",\n"files": [\n{"filename": "demo-1.tar.gz",'
    b'\n"url": "https://host.test/demo-1.tar.gz",\n"hashes": {"sha256": "0"},\n"yanked": false}]}\n'
)
_WORDS = (
    b"[" * 20_000, b'{"a":' * 20_000, b"<" * 9, b"<!--", b"<![CDATA[", b"<!DOCTYPE", b"<?", b"&#0;",
    b"&#x110000;", b"&#99999999999999999999;", b"&lt", b"<a href=", b"<base href='http://[x'>",
    b"http://[", b"http://[::1]:x/", b"//", b"data:,", b"file:///etc/passwd", b"javascript:", b"..",
    b"\xff", b"\0", b"\\ud800", b"\\u0000", b"null", b"1e999", b"-0", b"{}", b"[]", b'""', b"%",
    b"%00", b"%2f..%2f", b"#sha256=", b"</a>", b"<a", b"href", b"filename", b"url", b"files", b"@",
    "http://\u2100x/".encode(), "１".encode(), b"<script>", b"<a href='x'" * 9, b"<svg", b"]]>",
)  # fmt: skip


def check(data: bytes) -> None:
    """Nothing but a ForgeError; what is found are names and addresses in text."""
    for kind in ("application/vnd.pypi.simple.v1+json", "text/html"):
        # its caller takes these for "this index has no such page"
        with guarded({}, "nowhere"), suppress(msgspec.DecodeError, ValueError):
            for item in simple_index.parse(Page(_ADDRESS, kind, data)):
                if not all(isinstance(text, str) for text in item):
                    raise Harm(f"{item} is no file of an index")


def seeds() -> Iterator[bytes]:
    """A page in each form."""
    yield _HTML
    yield _JSON


def mutated(data: bytes, dice: Random) -> bytes:
    """Tags and values in other places."""
    return lines_changed(data, dice, (*_WORDS * 3, *NAMES))

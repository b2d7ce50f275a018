"""Wheels: the first line of the data is the file's name, the rest is the file.

What is read of one is locked and put into an index; both are read again as installers do.
"""

from __future__ import annotations

import json
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import zip_mutation
from guard import Harm, guarded
from mutation import NAMES, lines_changed, token_changed

from fake_wheels import make_wheel
from wheelforge import index, lock, wheel
from wheelforge.verify import agree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_WORDS = (
    b"Name: demo", b"Name: <b>&amp;\"'", b"Version: 1.0", b"Version: 1!1.0+x", b"Version: v1.0.0",
    b"Requires-Python: >=3.9", b'Requires-Python: "><script>', b"Requires-Python: >=2.7.*",
    b"Requires-Dist: x; extra == 'a'", b"Requires-Dist: =?utf-8?b?YQ==?=", b" folded", b"\r", b"",
    b"\x1b]0;x\x07", b"\xff", "\u202e".encode(), "Ⅷ".encode(), "ß".encode(), b"1" * 5000, b"<",
    b"&",
    b'"', b"'", b"#", b"%2e%2e", b"--hash=sha256:" + b"0" * 64, b"===", b"Content-Type: x", b":",
)  # fmt: skip


def check(data: bytes) -> None:
    """What a wheel says comes out of index and lock as it went in, and names nothing else."""
    name, _, content = data.partition(b"\n")
    file = name.decode("utf-8", "replace").replace("/", "_").replace("\0", "_")
    file = (
        file if 4 < len(file.encode()) < 255 and file.endswith(".whl") else "x-1-py3-none-any.whl"
    )
    wheel._read.cache_clear()
    with guarded({f"house/{file}": content}, "house") as folder:
        path = folder / "house" / file
        facts = wheel.read(path)
        index.write(folder / "house")
        _page(folder / "house", facts, file)
        lock.write(folder / "house", [path], requires_python=">=3.9")
        if (locked := agree(folder / "house")) != {facts.name}:
            raise Harm(f"the lock holds {locked}, not {facts.name}")


def _page(house: Path, facts: wheel.WheelFacts, file: str) -> None:
    root, pages = house / wheel.SIMPLE, _Links()
    pages.feed((root / facts.name / "index.html").read_text(encoding="utf-8"))
    if pages.texts != [file] or len(pages.links) != 1:
        raise Harm(f"the page has {pages.links} {pages.texts}, not one link to {file!r}")
    said = pages.links[0]
    if unquote((said["href"] or "").partition("#")[0]) != f"../../{file}":
        raise Harm(f"the page links to {said['href']!r}")
    if (said.get("data-requires-python") or "") != facts.requires_python:
        raise Harm(f"the page says {said}, the wheel {facts.requires_python!r}")
    top = _Links()
    top.feed((root / "index.html").read_text(encoding="utf-8"))
    if top.texts != [facts.name] or [item["href"] for item in top.links] != [f"{facts.name}/"]:
        raise Harm(f"the list of pages has {top.links} {top.texts}")
    (one,) = json.loads((root / facts.name / "index.json").read_bytes())["files"]
    if one["filename"] != file or one.get("requires-python", "") != facts.requires_python:
        raise Harm(f"the JSON page says {one}")


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, str | None]] = []
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"html", "head", "meta", "title", "body", "a", "br"}:
            raise Harm(f"the page has a tag {tag!r}")
        self._inside = tag == "a"
        if self._inside:
            self.links.append(dict(attrs))
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "a"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data


def seeds() -> Iterator[bytes]:
    """Small wheels."""
    with tempfile.TemporaryDirectory() as folder:
        for number, options in enumerate(
            (
                {"requires": ["a>=1", "b; extra == 'c'"], "requires_python": ">=3.9,<4"},
                {"tag": "cp312-cp312-manylinux_2_28_aarch64.manylinux_2_34_aarch64"},
                {"files": {"demo/__init__.py": "", "demo/größe.txt": b"\0", "demo-1.data/x": "y"}},
            )
        ):
            path = make_wheel(Path(folder), "demo", f"1.{number}+x.1", **options)
            yield path.name.encode() + b"\n" + path.read_bytes()


def mutated(data: bytes, dice: Random) -> bytes:
    """Another name, other metadata, or another table of contents."""
    name, _, content = data.partition(b"\n")
    if dice.random() < 0.1:
        name = token_changed(name, dice, (*_WORDS, *NAMES))
    else:
        content = zip_mutation.mutated(content, dice, _content)
    return name + b"\n" + content


def _content(name: str, data: bytes, dice: Random) -> bytes:
    del name
    return lines_changed(data, dice, _WORDS)

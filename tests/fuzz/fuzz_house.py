"""Locks and indexes: a wheelhouse in which one document holds the data."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import fuzz_page
from guard import Harm, guarded
from mutation import lines_changed

from fake_wheels import make_wheel
from wheelforge import index, lock
from wheelforge.verify import agree
from wheelforge.wheel import PYLOCK, REQUIREMENTS, SIMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_DOCUMENTS = (REQUIREMENTS, PYLOCK, f"{SIMPLE}/demo/index.html", f"{SIMPLE}/demo/index.json")
_WORDS = (
    b"demo==1.0", b" --hash=sha256:" + b"0" * 64, b"[[packages]]", b"[packages]", b"wheels = []",
    b"a = " + b"[" * 20_000, b"a = " + b"{a=" * 20_000, b".".join([b"a"] * 5000), b"nan", b"1e999",
    b"'\\x'", b"9" * 5000, b"0x" + b"f" * 5000, b"size = -1", b"size = " + b"9" * 30, b"\x85",
    b"\f", b"path = '/etc/passwd'", b"hashes = {}", b"name = 'x'",
    b"lock-version", b"1979-05-27", b"==",
    "\u2028".encode(),
)  # fmt: skip


def check(data: bytes) -> None:
    """Wheels are said to agree with documents, or it is told which does not."""
    for name in _DOCUMENTS:
        files = {**_house(), name: data}
        with guarded(files, "nowhere") as folder:
            if agree(folder) != {"demo"}:
                raise Harm(f"{name} names other packages than are here, and nobody minds")


@cache
def _house() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        wheel = make_wheel(folder, "demo", "1.0", requires_python=">=3.9")
        index.write(folder)
        lock.write(folder, [wheel], requires_python=">=3.9")
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }


def seeds() -> Iterator[bytes]:
    """Every document as it should be."""
    for name in _DOCUMENTS:
        yield _house()[name]


def mutated(data: bytes, dice: Random) -> bytes:
    """Lines and values in other places."""
    return lines_changed(data, dice, (*_WORDS * 3, *fuzz_page._WORDS))

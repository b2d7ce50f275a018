"""Where two texts differ: the first line, the fields of a wheel's metadata, the rows of RECORD."""

from __future__ import annotations

import csv
import re
from email.parser import HeaderParser
from itertools import zip_longest
from typing import TYPE_CHECKING

from wheelforge.compare.difference import Detail
from wheelforge.untrusted import named

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADERS = (".dist-info/METADATA", ".dist-info/WHEEL")
_RECORD = ".dist-info/RECORD"
_CONTEXT = 60  # characters of a long text that are shown around the first that differs
_LOOKED_AT = 8192  # characters
_ROWS = 10  # of RECORD that are named
_PATH = re.compile(r"(?<![\w.)/])/[^\s/:;,'\"=]+/[^\s:;,'\"=]+")  # of two names or more
_TIME = re.compile(
    r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +\d{1,2}\b"
    r"|\b\d\d:\d\d(?::\d\d)?\b|\b(?:19|20)\d\d-\d\d-\d\d\b"
)


def decoded(data: bytes) -> str | None:
    """The text, or None where the bytes are none."""
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def differences(name: str, one: str, other: str) -> Iterator[Detail]:
    """What differs between two versions of a text file called `name`."""
    if name.endswith(_HEADERS):
        yield from _fields(one, other)
    elif name.endswith(_RECORD):
        yield from _rows(one, other)
    else:
        yield from lines(one, other)


def lines(one: str, other: str) -> Iterator[Detail]:
    """The first line that differs."""
    pairs = zip_longest(one.splitlines(keepends=True), other.splitlines(keepends=True))
    for number, (ours, theirs) in enumerate(pairs, 1):
        if ours != theirs:
            shown = both(ours, theirs)
            yield Detail(where=f"line {number}", what=shown, why=reason(ours or "", theirs or ""))
            return


def both(one: str | None, other: str | None) -> str:
    """Two texts side by side, each cut to what is around the first character that differs."""
    ours, theirs = one or "", other or ""
    pairs = enumerate(zip(ours, theirs, strict=False))
    at = next((at for at, (x, y) in pairs if x != y), min(len(ours), len(theirs)))
    start = max(0, at - _CONTEXT)
    return " and ".join("nothing" if text is None else _cut(text, start) for text in (one, other))


def _cut(text: str, start: int) -> str:
    end = start + 3 * _CONTEXT
    cut = ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
    return f"'{named(cut)}'"


def reason(one: str, other: str) -> str:
    """What the difference of two texts comes from, where they look like it."""
    one, other = one[:_LOOKED_AT], other[:_LOOKED_AT]
    if set(_PATH.findall(one)) != set(_PATH.findall(other)):
        return "a path, perhaps of where it was built"
    if _TIME.search(one) and _TIME.search(other):
        return "a date or time"
    return ""


def _fields(one: str, other: str) -> Iterator[Detail]:
    ours, theirs = (HeaderParser().parsestr(text) for text in (one, other))
    for name in sorted({*ours.keys(), *theirs.keys()}):
        values = [
            [" ".join(str(value).split()) for value in message.get_all(name, [])]
            for message in (ours, theirs)
        ]
        if values[0] == values[1]:
            continue
        left = [value for value in values[0] if value not in values[1]]
        right = [value for value in values[1] if value not in values[0]]
        if not left and not right:
            yield Detail(where=named(name), what="the same values in another order")
        else:
            shown = both(", ".join(left) or None, ", ".join(right) or None)
            yield Detail(where=named(name), what=shown)
    bodies = [str(message.get_payload()) for message in (ours, theirs)]
    if bodies[0] != bodies[1]:
        for found in lines(*bodies):
            yield Detail(where=f"description, {found.where}", what=found.what, why=found.why)


def _rows(one: str, other: str) -> Iterator[Detail]:
    try:
        ours, theirs = ({row[0]: row[1:] for row in csv.reader(text.splitlines()) if row}
                        for text in (one, other))  # fmt: skip
    except csv.Error:
        yield from lines(one, other)
        return
    changed = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    absent = [f"{name} (only in a)" for name in ours if name not in theirs]
    absent += [f"{name} (only in b)" for name in theirs if name not in ours]
    found = [*changed, *absent]
    if not found:
        yield Detail(where="rows", what="the same in another order or form")
        return
    shown = ", ".join(named(name) for name in found[:_ROWS])
    more = f" and {len(found) - _ROWS} more" if len(found) > _ROWS else ""
    yield Detail(where="rows", what=shown + more, why="follows from the files themselves")

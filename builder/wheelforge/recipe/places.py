"""Which line of a TOML file sets which key, for messages and `recipe show --origin`.

A key is a tuple: `("checks", 0, "path")` is `path` in the first of `[[checks]]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import tomli

Key: TypeAlias = tuple[str | int, ...]

_DEEPEST = 40  # nothing deeper is ever asked for
_MOST = 2_000_000  # characters parsed for it: a statement is, again for each of its lines
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dotted(key: Key) -> str:
    """A key as TOML writes it: `checks[0].path`, `source.sha256."1.0"`."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += "." * bool(text) + (part if _BARE.fullmatch(part) else f'"{part}"')
    return text


def lines(text: str) -> dict[Key, int]:
    """The line (from 1) of every key and table that a file, which has to be valid TOML, sets.

    Lines since the last statement that are TOML by themselves are the next statement: nothing
    needs to be known of multi-line strings and arrays, and tomli says what the statement sets.
    Past a statement of thousands of lines no line is told.
    """
    found: dict[Key, int] = {}
    counts: dict[Key, int] = {}  # of each array of tables, how many there were so far
    table: Key = ()
    pending: list[str] = []
    waiting, left = 0, _MOST
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        pending.append(line)
        waiting += len(line)
        left -= waiting
        if left < 0:
            break
        try:
            data = tomli.loads("\n".join(pending))
        except (ValueError, RecursionError):
            continue
        waiting = 0
        first = number - len(pending) + 1
        head = pending[0].lstrip(" \t")
        pending.clear()
        if head.startswith("["):
            table = _enter(_only(data), counts, repeated=head.startswith("[["))
            for length in range(1, len(table)):
                found.setdefault(table[:length], first)
            found[table] = first
        else:
            for key in _keys(data, table):
                found.setdefault(key, first)
    return found


def _only(data: Any) -> list[str]:
    """The parts of a table header, out of what it parses to."""
    parts = []
    while isinstance(data, dict) and data:
        (part, data), *_ = data.items()
        parts.append(part)
    return parts


def _enter(parts: list[str], counts: dict[Key, int], *, repeated: bool) -> Key:
    """The key of a table: below arrays of tables it belongs to their last element."""
    key: Key = ()
    for part in parts:
        if key in counts:
            key += (counts[key] - 1,)
        key += (part,)
    if repeated:
        counts[key] = counts.get(key, 0) + 1
        key += (counts[key] - 1,)
    return key


def _keys(value: Any, at: Key) -> Iterator[Key]:
    if len(at) > _DEEPEST:
        return
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for part, item in items:
        yield (*at, part)
        yield from _keys(item, (*at, part))

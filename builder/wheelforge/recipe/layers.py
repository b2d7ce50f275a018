"""TOML layers, and what is left of them once conditions are decided and overlays laid on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import tomli

from wheelforge.errors import InputError
from wheelforge.recipe.conditions import Conditions
from wheelforge.recipe.places import Key, dotted, lines
from wheelforge.untrusted import contents
from wheelforge.untrusted.limits import RECIPE_BYTES

Table: TypeAlias = dict[str, Any]

DEEPEST = 20
_DEEPEST_AT_ALL = 100  # functions that call themselves for each table read them
_UNCONDITIONAL = ("name", "kind", "versions")
_REMEDY = "write it as TOML 1.0 in UTF-8 (https://toml.io)"
_NUL = re.compile(r"\\(?:x00|u0000|U00000000)")


@dataclass(frozen=True)
class Layer:
    """One TOML file: `shown` is how messages name it, `folder` where its relative paths start."""

    shown: str
    folder: Path
    data: Table = field(repr=False)
    text: str = field(repr=False)

    @classmethod
    def load(cls, path: Path, shown: str) -> Layer:
        """Read a file; InputError with the line when it is not TOML."""
        try:
            text = contents(path, RECIPE_BYTES).decode()
            data = tomli.loads(text)
        except InputError as error:
            error.where = shown
            raise
        except OSError as error:
            what = f"cannot be read: {error.strerror}"
            remedy = "make it a readable file, or take it out of the folder"
            raise InputError(what, where=shown, remedy=remedy) from error
        except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError too
            what = f"not valid TOML: {getattr(error, 'msg', error)}"
            raise InputError(what, where=f"{shown}{_line(error)}", remedy=_REMEDY) from error
        levels = list(islice(_levels(data), _DEEPEST_AT_ALL + 1))
        if len(levels) > _DEEPEST_AT_ALL:
            what = f"tables are nested more than {_DEEPEST_AT_ALL} deep"
            raise InputError(what, where=shown, remedy="no table of a recipe lies deeper than four")
        if any(
            isinstance(item, int) and abs(item) >= 1 << 63 for level in levels for item in level
        ):
            what = "a whole number has more than 64 bits, which TOML has no room for"
            raise InputError(what, where=shown, remedy="write a smaller one")
        if "\\" in text and (nul := _NUL.search(text)) is not None:
            where = f"{shown}:{text.count(chr(10), 0, nul.start()) + 1}"
            raise InputError("NUL has no place in a recipe", where=where, remedy="remove it")
        return cls(shown, path.parent, data, text)

    @property
    def conditional(self) -> bool:
        """False when there is certainly no `when` in it."""
        return "when" in self.text or "\\" in self.text

    @cached_property
    def lines(self) -> dict[Key, int]:
        """Line numbers (from 1) of the keys this file sets."""
        return lines(self.text)

    def place(self, key: Key) -> str:
        """`file:line` of a key, or of the nearest table around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return f"{self.shown}:{self.lines[key]}" if key else self.shown

    def has(self, key: Key) -> bool:
        """True when the file sets this key outside of conditions."""
        value: Any = self.data
        for part in key:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return False
        return True

    def decided(self, conditions: Conditions, data: Table | None = None) -> Table:
        """The layer's content in which every `when` table was merged in or dropped.

        `data` stands in for the content (with leaves that know their origin).
        """
        table = self.data if data is None else data
        return _Decision(self, conditions).table(table, ()) if self.conditional else table

    def refuse(self, what: str, key: Key, remedy: str) -> InputError:
        """An error at one of this file's own keys."""
        where = f"{self.place(key)}: {dotted(key)}" if key else self.shown
        return InputError(what, where=where, remedy=remedy)

    def chains(self) -> Iterator[tuple[str, ...]]:
        """For every `when` table its condition, after those of the `when` tables around it."""
        yield from _chains(self.data, ()) if self.conditional else ()


def _levels(data: Table) -> Iterator[list[Any]]:
    """The values of the top table, then those in the tables and arrays among them, and so on."""
    level = list[Any](data.values())
    while level:
        yield level
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]


def _line(error: Exception) -> str:
    """Where in a file an error is, as `:12`."""
    if isinstance(error, UnicodeDecodeError):
        line = error.object.count(b"\n", 0, error.start) + 1
    else:
        line = getattr(error, "lineno", 0)
    return f":{line}" if line else ""


# what says of which kind a table is: the keys of one kind mean nothing to another
_KINDS: dict[Key, str] = {("source",): "type", ("build",): "backend"}


def laid_over(low: Table, high: Table, at: Key = ()) -> Table:
    """`high` over `low`, table by table; tables of another kind (`_KINDS`) replace whole.

    `false` in place of a table takes it away (`nested.onednn = false`).
    """
    kind = _KINDS.get(at)
    if len(at) > DEEPEST or (kind in high and high[kind] != low.get(kind)):
        return high
    result = dict(low)
    for key, value in high.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = laid_over(old, value, (*at, key))
        elif isinstance(old, dict) and getattr(value, "value", value) is False:
            del result[key]
        else:
            result[key] = value
    return result


@dataclass(frozen=True)
class _Decision:
    layer: Layer
    conditions: Conditions

    def table(self, table: Table, at: Key) -> Table:
        plain = {
            key: self._value(item, (*at, key)) if isinstance(item, dict | list) else item
            for key, item in table.items()
            if key != "when"
        }
        when = table.get("when", {})
        if not isinstance(when, dict):
            raise self._no_table((*at, "when"))
        for condition, extra in when.items():
            plain = self._merged(plain, condition, extra, at)
        return plain

    def _value(self, value: Any, at: Key) -> Any:
        if isinstance(value, dict):
            self._bounded(at)
            return self.table(value, at)
        if isinstance(value, list):
            self._bounded(at)
            return [self._value(item, (*at, number)) for number, item in enumerate(value)]
        return value

    def _merged(self, plain: Table, condition: str, extra: Any, at: Key) -> Table:
        key, effective = (*at, "when", condition), _effective(at)
        if not isinstance(extra, dict):
            raise self._no_table(key)
        self._bounded(key)
        for name in () if effective else _UNCONDITIONAL:
            if name in extra:
                raise self.layer.refuse(
                    f"{name} cannot depend on a condition", (*key, name), "set it at the top"
                )
        try:
            holds = self.conditions.hold(condition)
        except InputError as error:
            raise self.layer.refuse(error.what, key, error.remedy) from error
        decided = self.table(extra, key)
        return laid_over(plain, decided, effective) if holds else plain

    def _no_table(self, key: Key) -> InputError:
        return self.layer.refuse(
            "is not a table of conditions", key, 'write [TABLE.when."version >=1.2"]'
        )

    def _bounded(self, key: Key) -> None:
        if len(key) > DEEPEST:
            raise InputError(
                f"tables are nested more than {DEEPEST} deep",
                where=self.layer.place(key),
                remedy="no table of a recipe lies deeper than four",
            )


def _effective(key: Key) -> Key:
    """A file's own key without the conditions in it."""
    parts = iter(key)
    return tuple(part for part in parts if part != "when" or next(parts, None) is None)


def _chains(value: Any, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    items = value.items() if isinstance(value, dict) else []
    for key, item in items:
        if key == "when" and isinstance(item, dict):
            for condition, extra in item.items():
                yield (*above, condition)
                yield from _chains(extra, (*above, condition))
        else:
            for part in item if isinstance(item, list) else [item]:
                yield from _chains(part, above)

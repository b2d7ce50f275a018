"""A recipe as written: TOML layers (the recipe, then overlays) with conditions still undecided.

Layers are merged table by table; a later layer's value replaces an earlier one's, arrays are
replaced whole, and so is `source` when its `type` changes. `origins` says who set what.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import tomli

from wheelforge.errors import InputError, nearest
from wheelforge.recipe.conditions import ordered, parse, specifier
from wheelforge.recipe.model import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wheelforge.recipe.conditions import Conditions

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*")


@dataclass(frozen=True)
class Layer:
    """One TOML file: `shown` is how messages name it, `folder` where its relative paths start."""

    shown: str
    folder: Path
    data: dict[str, Any] = field(repr=False)
    text: str = field(repr=False)

    @classmethod
    def load(cls, path: Path, shown: str) -> Layer:
        """Read a file; InputError with the line when it is not TOML."""
        try:
            text = path.read_text(encoding="utf-8")
            return cls(shown, path.parent, tomli.loads(text), text)
        except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"not valid TOML: {error}", where=shown) from error

    @cached_property
    def lines(self) -> dict[str, int]:
        """Line numbers (from 1) of the dotted keys this file sets."""
        return dict(_key_lines(self.text))

    def place(self, key: str) -> str:
        """`file:line` of a key, or of the nearest table around it."""
        while key and key not in self.lines:
            key = key.rpartition(".")[0]
        return f"{self.shown}:{self.lines[key]}" if key else self.shown


@dataclass(frozen=True)
class Document:
    """A recipe's layers, lowest first. Cheap questions are answered without deciding conditions."""

    name: str
    layers: tuple[Layer, ...]

    @cached_property
    def versions(self) -> tuple[str, ...]:
        """The versions the recipe knows, in its order: newest known to work first."""
        data = self._value("versions")
        if not isinstance(data, list) or not data or not all(isinstance(v, str) for v in data):
            raise InputError(
                "is not a list of version strings",
                where=self.where("versions"),
                remedy='write versions = ["1.2.3"]',
            )
        for version in data:
            if not VERSION.fullmatch(version):
                raise InputError(f"'{version}' is not a version", where=self.where("versions"))
            ordered(version)
        return tuple(data)

    @property
    def kind(self) -> str:
        """library, wheel or source; not validated yet."""
        return str(self._value("kind"))

    def where(self, key: str = "") -> str:
        """`file:line: key` of the layer that sets `key`, for messages."""
        layer = next(
            (item for item in reversed(self.layers) if _has(item.data, key)), self.layers[0]
        )
        return f"{layer.place(key)}: {key}" if key else layer.shown

    def evaluate(self, conditions: Conditions) -> Recipe:
        """Decide every condition and return the typed recipe; InputError names file and key."""
        data: dict[str, Any] = {}
        for layer in self.layers:
            _merge(
                data,
                _decide(
                    layer.data,
                    lambda text, where, shown=layer.shown: (  # type: ignore[misc]
                        conditions.hold(text, f"{shown}: {where}")
                    ),
                    "",
                ),
            )
        return self._convert(data)

    def variants(self) -> Iterator[Recipe]:
        """The recipe once without any conditional table, then once with each: for linting."""
        yield self._with(lambda _: False)
        for layer in self.layers:
            for condition in _conditions(layer.data, ""):
                parse(condition[1], f"{layer.place(condition[0])}: {condition[0]}")
                yield self._with(lambda text, wanted=condition[1]: text == wanted)  # type: ignore[misc]

    def origins(self, conditions: Conditions) -> Iterator[tuple[str, Any, str]]:
        """Every effective value as (dotted key, value, `file:line` that set it)."""
        data: dict[str, Any] = {}
        whose: dict[str, str] = {}
        for layer in self.layers:
            decided = _decide(layer.data, conditions.hold, "")
            _merge(data, decided)
            for key, _ in _leaves(decided, ""):
                whose[key] = layer.place(key)
        for key, value in _leaves(data, ""):
            yield key, value, whose.get(key, self.layers[0].shown)

    def _with(self, hold: Callable[[str], bool]) -> Recipe:
        data: dict[str, Any] = {}
        for layer in self.layers:
            _merge(data, _decide(layer.data, lambda text, _: hold(text), ""))
        return self._convert(data)

    def _value(self, key: str) -> Any:
        return next((layer.data[key] for layer in reversed(self.layers) if key in layer.data), None)

    def _convert(self, data: dict[str, Any]) -> Recipe:
        try:
            recipe = msgspec.convert(data, Recipe, strict=True)
        except msgspec.ValidationError as error:
            raise self._fault(str(error)) from error
        if recipe.name != self.name or not NAME.fullmatch(recipe.name):
            raise InputError(
                f"'{recipe.name}' is not a name this file may give",
                where=self.where("name"),
                remedy=f'write name = "{self.name}": lower-case letters, digits, ".", "_", "-"',
            )
        for key, text in _specifiers(recipe):
            specifier(text, self.where(key))
        return recipe

    def _fault(self, message: str) -> InputError:
        what, _, path = message.partition(" - at `$")
        key = path.rstrip("`").lstrip(".")
        unknown = re.search(r"unknown field `([^`]*)`", what)
        if unknown:
            full = f"{key}.{unknown[1]}".strip(".")
            return InputError(
                "unknown key", where=self.where(full), remedy=nearest(unknown[1], _keys_at(key))
            )
        what = what[:1].lower() + what[1:].replace("`", "'")
        return InputError(what, where=self.where(re.sub(r"\[\d*\.*\]", "", key)))


def _decide(table: dict[str, Any], hold: Callable[[str, str], bool], at: str) -> dict[str, Any]:
    """A copy of `table` in which every `when` table was merged in or dropped."""
    plain: dict[str, Any] = {
        key: _decide(value, hold, f"{at}{key}.")
        if isinstance(value, dict)
        else [
            _decide(item, hold, f"{at}{key}.") if isinstance(item, dict) else item for item in value
        ]
        if isinstance(value, list)
        else value
        for key, value in table.items()
        if key != "when"
    }
    for condition, extra in table.get("when", {}).items():
        if hold(condition, f"{at}when"):
            _merge(plain, _decide(extra, hold, at))
    return plain


def _merge(into: dict[str, Any], layer: dict[str, Any]) -> None:
    for key, value in layer.items():
        old = into.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            if "type" in value and value["type"] != old.get("type"):
                into[key] = value
            else:
                _merge(old, value)
        else:
            into[key] = value


def _conditions(table: dict[str, Any], at: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if key == "when" and isinstance(value, dict):
            for condition, extra in value.items():
                yield f"{at}when.{condition}", condition
                yield from _conditions(extra, f"{at}when.{condition}.")
        elif isinstance(value, dict):
            yield from _conditions(value, f"{at}{key}.")


def _leaves(table: dict[str, Any], at: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{at}{key}.")
        else:
            yield f"{at}{key}", value


def _has(data: dict[str, Any], key: str) -> bool:
    table: Any = data
    for part in key.split("."):
        if not isinstance(table, dict) or part not in table:
            return False
        table = table[part]
    return True


def _specifiers(recipe: Recipe) -> Iterator[tuple[str, str]]:
    yield from ((f"depends.{name}", text) for name, text in recipe.depends.items())
    yield from ((f"companions.{name}", text) for name, text in recipe.companions.items())
    yield from ((f"nested.{name}.version", item.version) for name, item in recipe.nested.items())
    yield from (("patches", patch.versions) for patch in recipe.patches)


def _keys_at(path: str) -> list[str]:
    """The keys a recipe may have at a dotted path, out of the JSON Schema."""
    schema: dict[str, Any] = msgspec.json.schema(Recipe)
    node: dict[str, Any] = schema
    for part in ["", *(item for item in re.split(r"[.\[\]]+", path) if item)]:
        if part:
            node = node.get("properties", {}).get(part) or node.get("additionalProperties") or {}
        node = _resolved(node, schema)
    return [*node.get("properties", {}), "when"]


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node or "items" in node:
        if "items" in node and isinstance(node["items"], dict):
            node = node["items"]
        else:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    choices = node.get("anyOf", [])
    merged: dict[str, Any] = {}
    for choice in choices:
        merged |= _resolved(choice, schema).get("properties", {})
    return {"properties": merged} if choices else node


_TABLE = re.compile(r"\s*\[{1,2}\s*(.+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"))*)\s*="""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"([^"]*)"|'([^']*)'""")


def _key_lines(text: str) -> Iterator[tuple[str, int]]:
    """Dotted keys and their lines; a key inside `when` tables also stands without them."""
    table: list[str] = []
    quoted = False
    for number, line in enumerate(text.splitlines(), 1):
        starts_quoted = quoted
        if (line.count('"""') + line.count("'''")) % 2:
            quoted = not quoted
        if starts_quoted:
            continue
        if (match := _KEY.match(line)) is not None:
            full = table + _parts(match[1])
        elif (match := _TABLE.match(line)) is not None:
            full = table = _parts(match[1])
        else:
            continue
        yield ".".join(full), number
        yield ".".join(_without_conditions(full)), number


def _parts(text: str) -> list[str]:
    return [part[1] or part[2] or part[0] for part in _PART.finditer(text)]


def _without_conditions(parts: list[str]) -> list[str]:
    kept: list[str] = []
    skip = False
    for part in parts:
        if part == "when":
            skip = True
        elif skip:
            skip = False
        else:
            kept.append(part)
    return kept

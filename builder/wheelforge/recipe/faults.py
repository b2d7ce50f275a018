"""Turns what msgspec says of a file's content into a fault that names the key and the remedy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from wheelforge.errors import nearest
from wheelforge.recipe.layers import Table
from wheelforge.recipe.places import Key
from wheelforge.recipe.shapes import choice, names, tags, type_at, value_at

T = TypeVar("T", bound=msgspec.Struct)

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at (?P<of>`key` in )?`\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[(\.\.\.)\]")
_FIELD = re.compile(r"Object (?:contains|missing) (unknown|required) field `(.*)`$", re.DOTALL)
_SHAPES = {
    "str": 'write it in quotes: "…"',
    "array": 'write a list: ["…"]',
    "object": "write a table",
    "int": "write a whole number",
    "float": "write a number",
    "bool": "write true or false",
}


class Fault(Exception):  # noqa: N818 - becomes an InputError where the place is known
    """What is wrong at an effective key (conditions decided), and what to write instead."""

    def __init__(self, what: str, key: Key, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.key = key
        self.remedy = remedy


def converted(data: Table, kind: type[T]) -> T:
    """A file's content as a typed table; Fault where it is none."""
    try:
        return msgspec.convert(data, kind, strict=True)
    except msgspec.ValidationError as error:
        raise _Complaint(kind, data, str(error)).fault() from error


@dataclass(frozen=True)
class _Complaint:
    """What msgspec says of `data` when it reads it as `kind`."""

    kind: type[msgspec.Struct]
    data: Table
    message: str

    def fault(self) -> Fault:
        match = _PLACE.match(self.message)
        assert match is not None  # noqa: S101 - the pattern matches every text
        key, what = self._located(match["path"] or ""), match["what"]
        node = type_at(self.kind, key, self.data)
        if field := _FIELD.match(what):
            return _of_field(field[1], field[2], key, node)
        if match["of"] and isinstance(node, inspect.DictType):
            name = self._culprit(key)
            return Fault(f"'{name}' does not fit", (*key, name), choice(name, node.key_type))
        value = value_at(key, self.data)
        if isinstance(node, inspect.Metadata) and ", got " not in what:
            return Fault(f"'{value}' does not fit", key, choice("", node))
        told = what[:1].lower() + what[1:].replace("`object`", "a table").replace("`", "'")
        return Fault(told, key, self._remedy(what, key, str(value), node))

    def _located(self, path: str) -> Key:
        """A path as msgspec tells it, as a key; where it says [...], the table's keys are tried."""
        key: Key = ()
        for name, number, anything in _STEP.findall(path):
            key += (self._culprit(key) if anything else int(number) if number else name,)
        return key

    def _culprit(self, key: Key) -> str:
        for name in value_at(key, self.data):
            try:
                msgspec.convert(_reduced(self.data, key, name), self.kind, strict=True)
            except msgspec.ValidationError as error:
                if str(error) == self.message:
                    return str(name)
        return "…"

    def _remedy(self, what: str, key: Key, value: str, node: inspect.Type) -> str:
        """What to write instead of a value of the wrong type, or of a word that is not known."""
        if key[-1:] == ("type",) and (known := tags(type_at(self.kind, key[:-1], self.data))):
            return nearest(value, known)
        wanted = re.match(r"Expected `(.*?)`", what)
        shape = _SHAPES.get(wanted[1] if wanted else "", "write one of these")
        return choice(value, node) or shape


def _of_field(problem: str, name: str, key: Key, node: inspect.Type) -> Fault:
    if problem == "unknown":
        return Fault("unknown key", (*key, name), nearest(name, names(node)))
    told = f"add {name} = …"
    if name == "type" and (known := tags(node)):
        told += f"; {nearest('', known)}"
    return Fault(f"the key '{name}' is missing", key, told)


def _reduced(data: Any, key: Key, name: str) -> Any:
    """A copy of `data` in which the table at `key` has nothing but `name`."""
    if not key:
        return {name: data[name]}
    first, rest = key[0], key[1:]
    if isinstance(data, list):
        return [
            _reduced(item, rest, name) if number == first else item
            for number, item in enumerate(data)
        ]
    return {**data, first: _reduced(data[first], rest, name)}

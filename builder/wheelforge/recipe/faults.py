"""Turns what msgspec says of a recipe's data into an error that names the key and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from wheelforge.errors import nearest
from wheelforge.recipe.layers import Table
from wheelforge.recipe.model import Recipe
from wheelforge.recipe.places import Key

_PLACE = re.compile(r"^(?P<what>.*?)(?: - at (?P<of>`key` in )?`\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[(\.\.\.)\]")
_FIELD = re.compile(r"(unknown|required) field `(.*)`$", re.DOTALL)
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


def fault(error: msgspec.ValidationError, data: Table) -> Fault:
    """The fault that made `data` no recipe."""
    message = str(error)
    match = _PLACE.match(message)
    assert match is not None  # noqa: S101 - the pattern matches every text
    key, what = _located(match["path"] or "", data, message), match["what"]
    if field := _FIELD.search(what):
        return _of_field(field[1], field[2], key, data)
    type_ = _at(key, data)
    if match["of"] and isinstance(type_, inspect.DictType):
        name = _culprit(key, data, message)
        return Fault(f"'{name}' does not fit", (*key, name), _choice(name, type_.key_type))
    if isinstance(type_, inspect.Metadata) and ", got " not in what:
        return Fault(f"'{_value(key, data)}' does not fit", key, _choice("", type_))
    told = what[:1].lower() + what[1:].replace("`object`", "a table").replace("`", "'")
    return Fault(told, key, _remedy(what, key, data))


def _of_field(problem: str, name: str, key: Key, data: Table) -> Fault:
    if problem == "unknown":
        return Fault("unknown key", (*key, name), nearest(name, _names(_at(key, data))))
    told = f"add {name} = …"
    if name == "type" and (tags := _tags(_at(key, data))):
        told += f"; {nearest('', tags)}"
    return Fault(f"the key '{name}' is missing", key, told)


def _located(path: str, data: Table, message: str) -> Key:
    """A path as msgspec tells it, as a key; where it says [...], the table's keys are tried."""
    key: Key = ()
    for name, number, anything in _STEP.findall(path):
        key += (_culprit(key, data, message) if anything else int(number) if number else name,)
    return key


def _culprit(key: Key, data: Table, message: str) -> str:
    for name in _value(key, data):
        try:
            msgspec.convert(_reduced(data, key, name), Recipe, strict=True)
        except msgspec.ValidationError as error:
            if str(error) == message:
                return str(name)
    return "…"


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


def _value(key: Key, data: Any) -> Any:
    for part in key:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return {}
    return data


def _remedy(what: str, key: Key, data: Table) -> str:
    """What to write instead of a value of the wrong type, or of a word that is not known."""
    value = str(_value(key, data))
    if key[-1:] == ("type",) and (tags := _tags(_at(key[:-1], data))):
        return nearest(value, tags)
    if told := _choice(value, _at(key, data)):
        return told
    wanted = re.match(r"Expected `(.*?)`", what)
    return _SHAPES.get(wanted[1] if wanted else "", "write one of these")


def _choice(value: str, type_: inspect.Type) -> str:
    """What a value of this type may be, where it is more than a plain type."""
    if isinstance(type_, inspect.LiteralType):
        return nearest(value, [str(choice) for choice in type_.values])
    if isinstance(type_, inspect.Metadata):
        return f"write {(type_.extra_json_schema or {})['description']}"
    return ""


@cache
def _recipe() -> inspect.Type:
    return inspect.type_info(Recipe)


def _at(key: Key, data: Table) -> inspect.Type:
    """The type a recipe has at a key; where there are several, the one that the data's tag says."""
    node, value = _recipe(), data
    for part in key:
        node = _inner(_chosen(node, value), part)
        value = _value((part,), value)
    return _chosen(node, value)


def _inner(node: inspect.Type, part: str | int) -> inspect.Type:
    match node:
        case inspect.StructType(fields=fields):
            found = (item.type for item in fields if item.encode_name == part)
            return next(found, inspect.AnyType())
        case inspect.DictType(value_type=inner):
            return inner
        case inspect.VarTupleType(item_type=inner) | inspect.ListType(item_type=inner):
            return inner
        case _:
            return inspect.AnyType()


def _chosen(node: inspect.Type, value: Any) -> inspect.Type:
    tag = value.get("type") if isinstance(value, dict) else None
    for item in _choices(node):
        if isinstance(item, inspect.StructType) and item.tag is not None and item.tag == tag:
            return item
    rest = [item for item in _choices(node) if not isinstance(item, inspect.NoneType)]
    return rest[0] if len(rest) == 1 else node


def _choices(node: inspect.Type) -> Iterable[inspect.Type]:
    return node.types if isinstance(node, inspect.UnionType) else [node]


def _tags(node: inspect.Type) -> list[str]:
    structs = (item for item in _choices(node) if isinstance(item, inspect.StructType))
    return [str(item.tag) for item in structs if item.tag is not None]


def _names(node: inspect.Type) -> list[str]:
    if not isinstance(node, inspect.StructType):
        return []
    tag = ["type"] if node.tag_field else []
    return [*tag, *(item.encode_name for item in node.fields), "when"]

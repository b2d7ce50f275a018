"""What a typed table says of a key: which names it may have, which values, which tags."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from wheelforge.errors import nearest
from wheelforge.recipe.places import Key


def value_at(key: Key, data: Any) -> Any:
    """What stands at a key of untyped data; an empty table where nothing does."""
    for part in key:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return {}
    return data


def type_at(kind: type[msgspec.Struct], key: Key, data: Any) -> inspect.Type:
    """The type at a key; where there are several, the one that the data's tag says."""
    node = _type_info(kind)
    for part in key:
        node = _inner(_chosen(node, data), part)
        data = value_at((part,), data)
    return _chosen(node, data)


@cache  # it takes as long as reading a recipe does
def _type_info(kind: type[msgspec.Struct]) -> inspect.Type:
    return inspect.type_info(kind)


def choice(value: str, node: inspect.Type) -> str:
    """How a value of this type is written, where it is more than a plain type; else empty."""
    if isinstance(node, inspect.LiteralType):
        return nearest(value, [str(item) for item in node.values])
    if isinstance(node, inspect.Metadata):
        return f"write {(node.extra_json_schema or {})['description']}"
    return ""


def tags(node: inspect.Type) -> list[str]:
    """The values of `type` that this table, or one of these tables, may have."""
    structs = (item for item in _choices(node) if isinstance(item, inspect.StructType))
    return [str(item.tag) for item in structs if item.tag is not None]


def names(node: inspect.Type) -> list[str]:
    """The keys a table may have."""
    if not isinstance(node, inspect.StructType):
        return []
    tag = ["type"] if node.tag_field else []
    return [*tag, *(item.encode_name for item in node.fields)]


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


def _chosen(node: inspect.Type, data: Any) -> inspect.Type:
    tag = data.get("type") if isinstance(data, dict) else None
    for item in _choices(node):
        if isinstance(item, inspect.StructType) and item.tag is not None and item.tag == tag:
            return item
    rest = [item for item in _choices(node) if not isinstance(item, inspect.NoneType)]
    return rest[0] if len(rest) == 1 else node


def _choices(node: inspect.Type) -> Iterable[inspect.Type]:
    return node.types if isinstance(node, inspect.UnionType) else [node]

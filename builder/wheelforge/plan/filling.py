"""Puts values in place of the `{names}` in a recipe's typed tables."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeAlias, TypeVar

import msgspec

from wheelforge.recipe import Key

T = TypeVar("T", bound=msgspec.Struct)
Fill: TypeAlias = Callable[[str, Key], str]


def filled(table: T, fill: Fill, at: Key, fields: Collection[str]) -> T:
    """The table with `fill(text, key)` for every string in these fields of it."""
    changes = {
        name: _filled(value, fill, (*at, name))
        for name in fields
        if _fillable(value := getattr(table, name))
    }
    return msgspec.structs.replace(table, **changes) if changes else table


def _filled(value: Any, fill: Fill, at: Key) -> Any:
    if isinstance(value, str):
        return fill(value, at)
    if isinstance(value, dict):
        return {
            key: _filled(item, fill, (*at, key)) if _fillable(item) else item
            for key, item in value.items()
        }
    return type(value)(
        [
            _filled(item, fill, (*at, number)) if _fillable(item) else item
            for number, item in enumerate(value)
        ]
    )


def _fillable(value: Any) -> bool:
    """False for what certainly holds no name: most values, and this is asked of all."""
    if isinstance(value, str):
        return "{" in value
    return isinstance(value, dict | list | tuple) and bool(value)

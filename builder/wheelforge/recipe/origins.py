"""Who set a value: a layer's content with leaves that know their own file and key.

Deciding conditions and laying layers over each other only move such leaves, so what comes out of
both says where each effective value was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from wheelforge.recipe.layers import Layer, Table
from wheelforge.recipe.places import Key


@dataclass(frozen=True)
class Leaf:
    """A value, the layer that sets it and its key there; equal to another of the same value."""

    value: Any
    layer: Layer = field(compare=False)
    key: Key = field(compare=False)


def mark(layer: Layer) -> Table:
    """The content of a layer with every value a Leaf; arrays of plain values are one value."""

    def marked(value: Any, key: Key) -> Any:
        if isinstance(value, dict):
            return {name: marked(item, (*key, name)) for name, item in value.items()}
        if isinstance(value, list) and any(isinstance(item, dict) for item in value):
            return [marked(item, (*key, number)) for number, item in enumerate(value)]
        return Leaf(value, layer, key)

    return {name: marked(item, (name,)) for name, item in layer.data.items()}


def leaves(value: Any, at: Key = ()) -> Iterator[tuple[Key, Leaf]]:
    """The leaves below `value` with their effective keys."""
    if isinstance(value, Leaf):
        yield at, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, (*at, name))
    else:
        for number, item in enumerate(value):
            yield from leaves(item, (*at, number))


def placed(key: Key, marked: Table) -> str:
    """`file:line` of an effective key, or of the first value below it; "" where there is none."""
    for at, leaf in leaves(marked):
        if at == key[: len(at)]:
            return leaf.layer.place((*leaf.key, *key[len(at) :]))
        if key == at[: len(key)]:
            below = at[len(key) :]
            around = leaf.key[: -len(below)]
            return leaf.layer.place(around if (*around, *below) == leaf.key else leaf.key)
    return ""

"""A recipe as written: TOML layers (the recipe, then overlays) with conditions still undecided.

Layers are merged table by table; a later layer's value replaces an earlier one's, arrays are
replaced whole, and so are `source` when its `type` and `build` when its `backend` changes. A table
that a later layer says to be `false` is gone.
`origins` says who set what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import Any

from packaging.version import Version

from wheelforge.errors import InputError
from wheelforge.recipe.conditions import Conditions, ordered
from wheelforge.recipe.faults import Fault, converted
from wheelforge.recipe.layers import Layer, Table, laid_over
from wheelforge.recipe.model import Recipe
from wheelforge.recipe.origins import leaves, mark, placed
from wheelforge.recipe.places import dotted
from wheelforge.recipe.rules import broken
from wheelforge.recipe.situations import situations

_MOST_TABLES = 100  # of conditions: each two of them are tried together


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
        known = set()
        for text in data:
            version = self._version(text)
            if version in known:
                raise InputError(
                    f"the version {text} is there twice",
                    where=self.where("versions"),
                    remedy="remove one; 1.0 and 1.0.0 are the same",
                )
            known.add(version)
        return tuple(data)

    def _version(self, text: str) -> Version:
        try:
            return ordered(text)
        except InputError as error:
            error.where = self.where("versions")
            raise

    @property
    def kind(self) -> str:
        """library, wheel or source; not validated yet."""
        return str(self._value("kind"))

    @property
    def summary(self) -> str:
        """The summary; not validated yet."""
        return str(self._value("summary") or "")

    def where(self, *key: str | int) -> str:
        """`file:line: key` of the layer that sets a key unconditionally, for messages."""
        if not key:
            return self.layers[0].shown
        layer = next((item for item in reversed(self.layers) if item.has(key)), self.layers[0])
        return f"{layer.place(key)}: {dotted(key)}"

    def file(self, name: str) -> Path | None:
        """A file beside the recipe or beside an overlay over it, the highest first."""
        places = (layer.folder / name for layer in reversed(self.layers))
        return next((path for path in places if path.is_file()), None)

    def evaluate(self, conditions: Conditions) -> Recipe:
        """Decide every condition and return the typed recipe; InputError names file and key."""
        data = reduce(laid_over, (layer.decided(conditions) for layer in self.layers))
        try:
            recipe = converted(data, Recipe)
            for item in broken(recipe, self.name):
                raise item
        except Fault as item:
            raise self._told(item, conditions) from item
        return recipe

    def variants(self) -> Iterator[Recipe]:
        """The recipe for each version, then with each conditional table and every two: for lint."""
        self.evaluate(Conditions(version=self.versions[0], python="3"))  # no table lies too deep
        chains = dict.fromkeys(chain for layer in self.layers for chain in layer.chains())
        if len(chains) > _MOST_TABLES:
            raise InputError(
                f"{len(chains)} conditional tables cannot be tried two by two",
                where=self.where(),
                remedy=f"write no more than {_MOST_TABLES}; a specifier may span versions",
            )
        for conditions in situations(tuple(chains), self.versions):
            yield self.evaluate(conditions)

    def origins(self, conditions: Conditions) -> Iterator[tuple[str, Any, str]]:
        """Every effective value as (dotted key, value, `file:line` that set it)."""
        for key, leaf in leaves(self._marked(conditions)):
            yield dotted(key), leaf.value, leaf.layer.place(leaf.key)

    def _value(self, key: str) -> Any:
        return next((layer.data[key] for layer in reversed(self.layers) if key in layer.data), None)

    def _marked(self, conditions: Conditions) -> Table:
        return reduce(laid_over, (layer.decided(conditions, mark(layer)) for layer in self.layers))

    def _told(self, item: Fault, conditions: Conditions) -> InputError:
        place = placed(item.key, self._marked(conditions)) or self.layers[0].place(item.key)
        told = f"{place}: {dotted(item.key)}" if item.key else place
        return InputError(item.what, where=told, remedy=item.remedy)

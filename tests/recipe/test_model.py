"""The typed recipe: frozen, compared by value, strict, the same after a round trip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import CONDITIONS, SHA, document, recipe
from wheelforge import catalog
from wheelforge.recipe import Build, Recipe, Resources

SHIPPED = sorted(path.stem for path in (catalog.shipped() / "recipes").glob("*.toml"))


def test_defaults_need_not_be_written() -> None:
    evaluated = document(recipe()).evaluate(CONDITIONS)
    assert evaluated.exports.libraries == ("lib",)
    assert evaluated.resources == Resources()
    assert evaluated.build == Build(backend="script")


def test_a_recipe_cannot_be_changed() -> None:
    evaluated = document(recipe()).evaluate(CONDITIONS)
    with pytest.raises(AttributeError):
        evaluated.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("table", "value", "valid"),
    [
        ("memory_per_job", "0.5 GiB", True),
        ("memory_per_job", "512M", True),
        ("memory_per_job", "1073741824", True),
        ("memory_per_job", "GiB", False),
        ("memory_per_job", "-1 GiB", False),
        ("memory_per_job", 1, False),
        ("max_jobs", 48, True),
        ("max_jobs", 1.5, False),
        ("cpu_minutes", 3, True),
        ("cpu_minutes", 0, False),
        ("cpu_minutes", float("inf"), False),
    ],
)
def test_resources(table: str, value: Any, *, valid: bool) -> None:
    try:
        msgspec.convert({table: value}, Resources)
    except msgspec.ValidationError:
        assert not valid
    else:
        assert valid


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_recipes_survive_a_round_trip(name: str) -> None:
    evaluated = catalog.open_catalog().document(name).evaluate(CONDITIONS)
    assert msgspec.json.decode(msgspec.json.encode(evaluated), type=Recipe) == evaluated


def test_equal_recipes_are_equal_wherever_they_come_from() -> None:
    one = document(recipe()).evaluate(CONDITIONS)
    two = document(f"{recipe()}\n# {Path.cwd()}").evaluate(CONDITIONS)
    assert one == two
    assert one != document(recipe().replace(SHA, "1" * 64)).evaluate(CONDITIONS)

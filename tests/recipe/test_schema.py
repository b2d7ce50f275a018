"""The JSON Schema that editors read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from wheelforge.recipe.schema import schema

TYPES = {"object", "array", "string", "integer", "number", "boolean", "null"}
KNOWN = {
    "$schema", "$ref", "$defs", "title", "description", "type", "properties", "required",
    "additionalProperties", "propertyNames", "items", "prefixItems", "enum", "const", "default",
    "anyOf", "discriminator", "pattern", "minimum", "maximum", "exclusiveMinimum",
}  # fmt: skip


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema in a schema."""
    if not isinstance(node, dict):
        return
    yield node
    for key in ("items", "additionalProperties", "propertyNames"):
        yield from _schemas(node.get(key))
    for key in ("properties", "$defs"):
        for inner in node.get(key, {}).values():
            yield from _schemas(inner)
    for inner in node.get("anyOf", []):
        yield from _schemas(inner)


WHOLE = schema()


def test_it_is_a_json_schema() -> None:
    assert WHOLE["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    found = list(_schemas(WHOLE))
    assert len(found) > 100
    for node in found:
        assert set(node) <= KNOWN
        assert node.get("type", "object") in TYPES
        assert set(node.get("required", [])) <= set(node.get("properties", []))
        re.compile(node.get("pattern", ""))
        if reference := node.get("$ref"):
            assert reference.removeprefix("#/$defs/") in WHOLE["$defs"]


@pytest.mark.parametrize("name", sorted(WHOLE["$defs"]))
def test_every_table_takes_conditions_and_no_unknown_keys(name: str) -> None:
    table = WHOLE["$defs"][name]
    assert table["additionalProperties"] is False
    assert table["description"]
    inner = table["properties"]["when"]["additionalProperties"]
    assert "required" not in inner
    assert set(inner["properties"]) == {*table["properties"]}


def test_free_tables_take_conditions_too() -> None:
    options = WHOLE["$defs"]["Build"]["properties"]["options"]
    assert "when" in options["properties"]
    assert "when" in WHOLE["$defs"]["Recipe"]["properties"]["depends"]["properties"]
    names = WHOLE["$defs"]["Build"]["properties"]["env"]["propertyNames"]["pattern"]
    assert re.search(names, "when")


def test_it_knows_the_keys_of_a_recipe() -> None:
    recipe = WHOLE["$defs"]["Recipe"]
    assert set(recipe["required"]) == {"name", "kind", "summary", "license", "versions", "source"}
    assert recipe["properties"]["kind"]["enum"] == ["library", "source", "wheel"]
    tags = {item["$ref"].rpartition("/")[2] for item in recipe["properties"]["source"]["anyOf"]}
    assert tags == {"GitSource", "ArchiveSource", "PypiSource", "DebianSource", "PathSource"}

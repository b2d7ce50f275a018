"""The JSON Schema of a recipe as written, for editors (`wheelforge recipe schema`)."""

from __future__ import annotations

from typing import Any

import msgspec

from wheelforge.recipe.model import Recipe


def schema() -> dict[str, Any]:
    """The schema of Recipe with a `when` table added to every table."""
    (top,), definitions = msgspec.json.schema_components([Recipe], ref_template="#/$defs/{name}")
    for name, table in definitions.items():
        if table.get("type") == "object":
            table["properties"]["when"] = {
                "type": "object",
                "description": 'tables merged in where their condition holds: "version >=23.05"',
                "additionalProperties": {**_partial(table), "title": f"{name} when …"},
            }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **top, "$defs": definitions}


def _partial(table: dict[str, Any]) -> dict[str, Any]:
    partial = {key: value for key, value in table.items() if key != "required"}
    partial["properties"] = {
        key: value for key, value in table["properties"].items() if key != "when"
    }
    return partial

"""The JSON Schema of a recipe as written, for editors (`wheelforge recipe schema`)."""

from __future__ import annotations

from typing import Any

import msgspec

from wheelforge.recipe.model import Recipe

_WHEN = 'tables merged in where their condition holds: "version >=23.05", "target sve"'


def schema() -> dict[str, Any]:
    """The schema of Recipe with a `when` table added to every table."""
    (top,), definitions = msgspec.json.schema_components([Recipe], ref_template="#/$defs/{name}")
    for name, table in definitions.items():
        for key, value in table["properties"].items():
            if "additionalProperties" in value:  # a table with keys of the recipe's own choice
                free = {"type": "object", "additionalProperties": value["additionalProperties"]}
                value["properties"] = {"when": _when(f"{name} {key}", free)}
        partial = {key: value for key, value in table.items() if key != "required"}
        partial["properties"] = dict(table["properties"])
        table["properties"]["when"] = when = _when(name, partial)
        partial["properties"]["when"] = {**when, "additionalProperties": True}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **top, "$defs": definitions}


def _when(title: str, table: dict[str, Any]) -> dict[str, Any]:
    inner = {**table, "title": f"{title} when …"}
    return {"type": "object", "description": _WHEN, "additionalProperties": inner}

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Schema

from wheelforge.audit import Audit
from wheelforge.audit.rules import RULES, found
from wheelforge.audit.sarif import sarif

if TYPE_CHECKING:
    from pathlib import Path


def log(path: str) -> Schema:
    """The schema's own model: it refuses what is not in it, and what lacks."""
    wheel = "demo 1.whl"
    findings = (
        found("load.path", "its search path holds '\x1b[31m/opt'", "demo/core.so"),
        found("map.alignment", "aligned to 4096", f"{wheel}: demo/core.so", "error"),
        found("size.total", "1 MB", wheel),
    )
    item = Audit(path=path, target="", rules="1", libraries=(), findings=findings, seconds=1.0)
    return Schema.model_validate_json(sarif([item]))


def test_it_is_what_the_schema_asks_for() -> None:
    [run] = log("house/demo 1.whl").runs
    assert [rule.id for rule in run.tool.driver.rules or ()] == list(RULES)
    results = run.results or []
    assert [(item.ruleId, str(item.level and item.level.value)) for item in results] == [
        ("load.path", "error"), ("map.alignment", "error"), ("size.total", "note"),
    ]  # fmt: skip
    for item in results:
        assert list(RULES)[item.ruleIndex or 0] == item.ruleId
        assert item.locations is not None
        place = item.locations[0].physicalLocation
        assert place is not None
        assert place.artifactLocation.uri == "house/demo%201.whl"
    assert "\x1b" not in str(results[0].message)


def test_the_wheels_of_a_folder_are_told_apart(tmp_path: Path) -> None:
    [run] = log(str(tmp_path)).runs
    places = [
        (item.locations[0].physicalLocation.artifactLocation.uri,
         item.locations[0].logicalLocations[0].fullyQualifiedName)
        for item in run.results
    ]  # fmt: skip
    folder = tmp_path.as_uri()
    assert places == [
        (f"{folder}/demo/core.so", "demo/core.so"),
        (f"{folder}/demo%201.whl", "demo/core.so"),
        (f"{folder}/demo%201.whl", "demo 1.whl"),
    ]


def test_the_table_of_rules_is_whole() -> None:
    for rule in RULES.values():
        assert rule.text[0].isupper()
        assert not rule.text.endswith(".")
        assert rule.level in {"error", "warning", "note"}
        assert rule.id == "size.total" or (rule.why and rule.mend)
    with pytest.raises(KeyError):
        found("load.paths", "", "")

"""Findings as SARIF 2.1.0, which code hosts and editors show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

import wheelforge
from wheelforge.audit.findings import Level
from wheelforge.audit.rules import RULES
from wheelforge.untrusted import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wheelforge.audit import Audit
    from wheelforge.audit.findings import Finding
    from wheelforge.audit.rules import Rule

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


class _Sarif(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    pass


class _Text(_Sarif, frozen=True, kw_only=True):
    text: str


class _Configuration(_Sarif, frozen=True, kw_only=True):
    level: Level


class _Descriptor(_Sarif, frozen=True, kw_only=True):
    id: str
    short_description: _Text
    full_description: _Text | None = None
    help: _Text | None = None
    default_configuration: _Configuration


class _Driver(_Sarif, frozen=True, kw_only=True):
    name: str
    version: str
    rules: tuple[_Descriptor, ...]


class _Tool(_Sarif, frozen=True, kw_only=True):
    driver: _Driver


class _Artifact(_Sarif, frozen=True, kw_only=True):
    uri: str


class _Physical(_Sarif, frozen=True, kw_only=True):
    artifact_location: _Artifact


class _Logical(_Sarif, frozen=True, kw_only=True):
    fully_qualified_name: str
    kind: str


class _Location(_Sarif, frozen=True, kw_only=True):
    physical_location: _Physical
    logical_locations: tuple[_Logical, ...]


class _Result(_Sarif, frozen=True, kw_only=True):
    rule_id: str
    rule_index: int
    level: Level
    message: _Text
    locations: tuple[_Location, ...]


class _Run(_Sarif, frozen=True, kw_only=True):
    tool: _Tool
    results: tuple[_Result, ...]


class _Log(_Sarif, frozen=True, kw_only=True):
    schema: str = msgspec.field(name="$schema")
    version: str
    runs: tuple[_Run, ...]


def sarif(audits: Sequence[Audit]) -> bytes:
    """One run over all that was looked at."""
    driver = _Driver(
        name="wheelforge",
        version=wheelforge.__version__,
        rules=tuple(_descriptor(rule) for rule in RULES.values()),
    )
    results = tuple(_result(found, item) for item in audits for found in item.findings)
    log = _Log(schema=_SCHEMA, version="2.1.0", runs=(_Run(tool=_Tool(driver=driver),
                                                           results=results),))  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(log)) + b"\n"


def _descriptor(rule: Rule) -> _Descriptor:
    return _Descriptor(
        id=rule.id,
        short_description=_Text(text=rule.text),
        full_description=_Text(text=f"{rule.text}: {rule.why}") if rule.why else None,
        help=_Text(text=rule.mend) if rule.mend else None,
        default_configuration=_Configuration(level=rule.level),
    )


def _result(found: Finding, item: Audit) -> _Result:
    path = Path(item.path)
    wheel, inside, rest = found.where.partition(".whl: ")
    if path.is_dir():
        path = path / (f"{wheel}.whl" if inside else found.where)
    return _Result(
        rule_id=found.check,
        rule_index=list(RULES).index(found.check),
        level=found.level,
        message=_Text(text=printable(f"{found.where}: {found.what}")),
        locations=(
            _Location(
                physical_location=_Physical(artifact_location=_Artifact(uri=_uri(path))),
                logical_locations=(
                    _Logical(
                        fully_qualified_name=printable(rest if inside else found.where),
                        kind="member",
                    ),
                ),
            ),
        ),
    )


def _uri(path: Path) -> str:
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())

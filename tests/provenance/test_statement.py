from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelforge import provenance
from wheelforge.asked import Asked, Named
from wheelforge.errors import ForgeError, InputError, RejectedError
from wheelforge.provenance import Resource, Stage
from wheelforge.provenance.statement import BUILD_TYPE, BUILDER, PREDICATE, STATEMENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def statement() -> provenance.Statement:
    none = Named(name="native", sha256="0" * 64)
    asked = Asked(
        requirements=("demo",), pins={"lib": "2", "demo": "1.0"}, target=none, archspec="a64fx",
        toolchain=none, python="3.12", recipes={"demo": "1" * 64},
    )  # fmt: skip
    definition = provenance.BuildDefinition(
        build_type=BUILD_TYPE,
        external_parameters=provenance.Parameters(recipe="demo", request=asked),
        internal_parameters=provenance.Internal(
            steps=(Stage(id="build:demo", key="2" * 64, inputs={"b": "1", "a": "2"}),)
        ),
        resolved_dependencies=(Resource(uri="pkg:generic/demo@1.0", digest={"sha256": "3" * 64}),),
    )
    details = provenance.RunDetails(builder=provenance.Builder(id=BUILDER, version={"x": "1"}))
    return provenance.Statement(
        type=STATEMENT,
        subject=(Resource(name="demo-1.0-py3-none-any.whl", digest={"sha256": "4" * 64}),),
        predicate_type=PREDICATE,
        predicate=provenance.Predicate(build_definition=definition, run_details=details),
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    file = provenance.place(tmp_path / "demo-1.0-py3-none-any.whl")
    assert file.name == "demo-1.0-py3-none-any.whl.provenance.json"
    file.write_bytes(provenance.encode(statement()))
    assert provenance.read(file) == statement()
    assert provenance.read(file).keys == {"build:demo": "2" * 64}


def test_its_fields_are_those_of_the_standards_and_in_one_order() -> None:
    data = json.loads(provenance.encode(statement()))
    assert list(data) == ["_type", "subject", "predicateType", "predicate"]
    definition = data["predicate"]["buildDefinition"]
    assert definition["resolvedDependencies"][0]["digest"] == {"sha256": "3" * 64}
    assert list(definition["externalParameters"]["request"]["pins"]) == ["demo", "lib"]
    assert list(definition["internalParameters"]["steps"][0]["inputs"]) == ["a", "b"]


def _other_predicate(data: dict[str, Any]) -> None:
    data["predicateType"] = "https://slsa.dev/provenance/v0.2"


def _other_builder(data: dict[str, Any]) -> None:
    data["predicate"]["buildDefinition"]["buildType"] = "https://example.org/other"


@pytest.mark.parametrize("spoil", [_other_predicate, _other_builder])
def test_statements_of_other_kinds_are_refused(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], None]
) -> None:
    data = msgspec.json.decode(provenance.encode(statement()))
    spoil(data)
    (tmp_path / "file").write_bytes(msgspec.json.encode(data))
    with pytest.raises(RejectedError, match="a statement of another kind"):
        provenance.read(tmp_path / "file")


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"[" * 100_000, b'{"_type": 1}'])
def test_what_is_no_statement(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(RejectedError, match="is no provenance of a wheel"):
        provenance.read(tmp_path / "file")


@given(at=st.integers(0, 10_000), with_=st.binary(max_size=4))
def test_whatever_is_in_it_there_is_an_answer(
    tmp_path_factory: pytest.TempPathFactory, at: int, with_: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "damaged.provenance.json"
    data = provenance.encode(statement())
    at %= len(data)
    file.write_bytes(data[:at] + with_ + data[at + 1 :])
    try:
        provenance.read(file)
    except ForgeError as error:
        assert error.where == str(file)  # noqa: PT017


def test_a_pipe_and_nothing_at_all(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is not a regular file"):
        provenance.read(tmp_path / "pipe")
    with pytest.raises(InputError, match="cannot be read: No such file"):
        provenance.read(tmp_path / "nothing")

"""What the mini stack's wheelhouse says of itself: bills of materials, provenance, signatures."""

from __future__ import annotations

import json
import shutil
import zipfile
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from command_line import Forge
from wheelforge import digest, provenance
from wheelforge.graph import BuildStep, FetchStep, Plan
from wheelforge.pin import PinnedSource
from wheelforge.sbom import NAME, record_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.e2e


def wheel(forge: Forge, name: str) -> Path:
    (found,) = forge.wheelhouse.glob(f"{name}-*.whl")
    return found


def bill(path: Path) -> dict[str, Any]:
    """The document in a wheel, found valid."""
    with zipfile.ZipFile(path) as file:
        (name,) = (name for name in file.namelist() if name.endswith(NAME))
        text = file.read(name).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    return dict(json.loads(text))


def planned(forge: Forge) -> Plan:
    return msgspec.json.decode(forge.good("plan", "minitorch", "--json"), type=Plan)


@pytest.mark.parametrize("name", ["minitorch", "minivision"])
def test_the_bill_names_every_part_with_version_and_digest(built: Forge, name: str) -> None:
    data = bill(wheel(built, name))
    assert data["metadata"]["component"]["name"] == name
    parts = {item["name"]: item for item in data["components"]}
    sources = {
        item.source.recipe: item.source
        for step in planned(built).steps
        if isinstance(step, BuildStep)
        for item in step.unpack
    }
    for part in ("miniacl", "miniblas", "minidnn"):
        assert parts[part]["version"] == sources[part].version
        assert parts[part]["licenses"] == [{"license": {"id": "Apache-2.0"}}]
        told = [item["value"] for item in parts[part]["properties"]]
        assert any(text.endswith(f" {sources[part].identity}") for text in told)
    compilers = [item for item in data["components"] if item["type"] == "application"]
    assert all(item["hashes"] and item["version"] for item in compilers)
    assert compilers


def test_the_bill_holds_the_digests_of_what_was_put_into_the_wheel(built: Forge) -> None:
    path = wheel(built, "minitorch")
    data, files = bill(path), record_of(path)
    held = {
        file["name"]: file["hashes"][0]["content"]
        for item in data["components"]
        for file in item.get("components", ())
    }
    assert set(held) == {
        f"minitorch/lib/{name}"
        for name in ("libgomp.so.1", "libmini_compute.so", "libmini_compute_graph.so",
                     "libminiblas.so.0")
    }  # fmt: skip
    assert held.items() <= files.items()
    owners = {file["name"]: item["name"] for item in data["components"]
              for file in item.get("components", ())}  # fmt: skip
    assert owners["minitorch/lib/libminiblas.so.0"] == "miniblas"
    assert owners["minitorch/lib/libgomp.so.1"].startswith("libgomp")


def test_no_place_of_this_machine_is_told(built: Forge) -> None:
    for name in ("minitorch", "minivision"):
        path = wheel(built, name)
        for text in (json.dumps(bill(path)), provenance.place(path).read_text()):
            assert str(built.home) not in text
            assert str(built.root) not in text


def test_provenance_has_every_input_of_the_plan(built: Forge) -> None:
    statement = provenance.read(provenance.place(wheel(built, "minivision")))
    dependencies = statement.predicate.build_definition.resolved_dependencies
    found = {value for item in dependencies for value in item.digest.values()}
    records = [json.loads(path.read_bytes()) for path in (built.home / "sources/records").iterdir()]
    outputs = {
        manifest["step"]: manifest["output"]
        for path in built.home.glob("store/*/manifest.json")
        for manifest in [json.loads(path.read_bytes())]
    }
    plan = planned(built)
    for step in plan.steps:
        match step:
            case BuildStep():
                for item in step.unpack:
                    assert item.source.identity.partition(":")[2] in found
                assert {patch.sha256 for patch in step.patches} <= found
            case FetchStep(what=PinnedSource() as source):
                assert source.identity.partition(":")[2] in found
            case FetchStep(what=wheels):
                (record,) = (one for one in records if one["of"].get("requires") ==
                             sorted(wheels.requires))  # fmt: skip
                assert {file["sha256"] for file in record["files"]} <= found
            case _:
                pass
    for name in ("build:miniacl", "build:miniblas", "build:minitorch", "repair:minitorch",
                 "build:minivision"):  # fmt: skip
        assert outputs[name] in found
    assert digest.of_file(wheel(built, "minitorch")) in found
    assert plan.compilers is not None
    assert set(plan.compilers.digests.values()) <= found
    keys = {name: state.key for name, state in plan.states.items() if state.key}
    assert statement.keys == keys


def test_it_is_signed_and_verified_and_signed_again_the_same(built: Forge, tmp_path: Path) -> None:
    forge = Forge(shutil.copytree(built.root, tmp_path / "own", symlinks=True))
    key = tmp_path / "key"
    forge.good("keygen", key)
    forge.good("sign", "--key", key, "--wheelhouse", forge.wheelhouse)
    words = ("--no-install", "--key", f"{key}.pub", "--wheelhouse", forge.wheelhouse)
    assert "4 files are signed by" in forge.good("verify", *words)
    said = forge.good("build", "minitorch", "--sign", key, env={"WHEELFORGE_HOME": str(built.home)})
    assert "nothing changed" in said
    assert "4 files are signed by" in forge.good("verify", *words)
    forge.good("keygen", tmp_path / "other")
    ran = forge.run("verify", *words[:2], tmp_path / "other.pub", *words[3:])
    assert (ran.code, ran.err.count("is not signed by the key")) == (3, 4)

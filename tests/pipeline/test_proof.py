from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import msgspec
import pytest

from wheelforge import catalog, provenance
from wheelforge.digest import of_file
from wheelforge.graph import BuildStep, FetchStep, RepairStep
from wheelforge.pipeline import Home, make_plan
from wheelforge.pipeline.house import read_house
from wheelforge.pipeline.options import Options
from wheelforge.pipeline.proof import below
from wheelforge.pipeline.results import Results

if TYPE_CHECKING:
    from scripted import Yard
    from wheelforge.provenance import Statement

_PATH = re.compile(r"(?:^|[ :=])(/[\w.-]+)")


def said(yard: Yard, wheel: str = "demo-1.0-py3-none-any.whl") -> Statement:
    return provenance.read(provenance.place(yard.wheelhouse / wheel))


def of(yard: Yard, name: str = "demo") -> Statement:
    """The statement about a wheel that needs a library, whose tree is patched."""
    patch = yard.recipes / "more.patch"
    patch.write_text("--- a/file\n+++ b/file\n@@ -1 +1 @@\n-lib\n\\ No newline\n+patched\n")
    more = f'[[patches]]\nfile = "more.patch"\nsha256 = "{of_file(patch)}"\nwhy = "test"\n'
    yard.library("lib", more=more)
    yard.wheel(name, '[depends]\nlib = "*"\n')
    yard.build(name)
    return said(yard)


def digests(statement: Statement) -> set[str]:
    found = statement.predicate.build_definition.resolved_dependencies
    return {value for item in found for value in item.digest.values()}


def test_it_is_about_the_wheel_and_in_the_words_of_the_standards(yard: Yard) -> None:
    statement = of(yard)
    wheel = yard.wheelhouse / "demo-1.0-py3-none-any.whl"
    (subject,) = statement.subject
    assert (subject.name, subject.digest) == (wheel.name, {"sha256": of_file(wheel)})
    data = json.loads(provenance.place(wheel).read_bytes())
    assert data["_type"] == "https://in-toto.io/Statement/v1"
    assert data["predicateType"] == "https://slsa.dev/provenance/v1"
    definition = data["predicate"]["buildDefinition"]
    assert set(definition) == {
        "buildType", "externalParameters", "internalParameters", "resolvedDependencies",
    }  # fmt: skip
    assert data["predicate"]["runDetails"]["builder"]["id"]


def test_the_request_has_every_choice_in_it(yard: Yard) -> None:
    parameters = of(yard).predicate.build_definition.external_parameters
    asked = parameters.request
    assert (parameters.recipe, asked.requirements) == ("demo", ("demo",))
    assert asked.pins == {"demo": "1.0", "lib": "1.0"}
    assert (asked.target.name, asked.toolchain.name) == ("native", "fake")
    assert set(asked.recipes) == {"demo", "lib"}
    (folder,) = asked.folders
    assert folder.name == "recipes"


def test_everything_of_the_plan_is_in_it_by_digest(yard: Yard) -> None:
    statement = of(yard)
    home = Home.open()
    options = Options(
        requirements=["demo"], toolchain=str(yard.toolchain), recipes=(yard.recipes,), offline=True
    )
    plan = make_plan(options, home)
    results = Results(plan, home)
    found = digests(statement)
    builds = [step for step in plan.steps if isinstance(step, BuildStep)]
    assert len(builds) == 2
    for step in builds:
        assert {item.source.identity.removeprefix("tree:") for item in step.unpack} <= found
        assert {patch.sha256 for patch in step.patches} <= found
        assert results.entry(step.id).manifest.output in found
    assert any(step.patches for step in builds)
    assert plan.compilers is not None
    assert set(plan.compilers.digests.values()) <= found
    (last,) = (step for step in plan.steps if isinstance(step, RepairStep))
    steps = statement.predicate.build_definition.internal_parameters.steps
    assert [step.id for step in steps] == [
        step.id for step in below(plan, last) if not isinstance(step, FetchStep)
    ]
    for step in below(plan, last):
        results.look(step)
        assert isinstance(step, FetchStep) or statement.keys[step.id] == results.keys[step.id]
    left = statement.predicate.run_details.byproducts
    assert {"wheelforgeTree": results.entry(last.id).manifest.output} in [x.digest for x in left]


def test_no_place_of_this_machine_is_in_it(yard: Yard) -> None:
    of(yard)
    text = provenance.place(yard.wheelhouse / "demo-1.0-py3-none-any.whl").read_text()
    for place in (yard.root, yard.home, catalog.shipped()):
        assert str(place) not in text

    def strings(value: object) -> list[str]:
        match value:
            case dict():
                return [text for item in value.values() for text in strings(item)]
            case list():
                return [text for item in value for text in strings(item)]
            case str():
                return [value]
        return []

    paths = {path for text in strings(json.loads(text)) for path in _PATH.findall(text)}
    assert paths <= {"/usr", "/bin"}, paths


def test_the_same_build_says_the_same_and_another_request_does_not_change_it(yard: Yard) -> None:
    """Whoever signed it would have to sign it again."""
    of(yard)
    file = provenance.place(yard.wheelhouse / "demo-1.0-py3-none-any.whl")
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    assert not yard.build("demo").changed
    yard.wheel("other", '[depends]\ndemo = "*"\n')
    yard.build("other")
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before
    assert "demo" in said(yard, "other-1.0-py3-none-any.whl").predicate.build_definition \
        .external_parameters.request.pins  # fmt: skip
    house = read_house(yard.wheelhouse)
    assert house is not None
    assert house.provenance == {
        path.name.removesuffix(provenance.SUFFIX): of_file(path)
        for path in yard.wheelhouse.glob(f"*{provenance.SUFFIX}")
    }


@pytest.mark.parametrize("spoil", [b"", b"{}", None])
def test_one_that_was_altered_or_removed_is_written_again(yard: Yard, spoil: bytes | None) -> None:
    of(yard)
    file = provenance.place(yard.wheelhouse / "demo-1.0-py3-none-any.whl")
    good = file.read_bytes()
    if spoil is None:
        data = msgspec.json.decode(good)
        data["predicate"]["buildDefinition"]["externalParameters"]["recipe"] = "other"
        file.write_bytes(msgspec.json.encode(data))
    else:
        file.write_bytes(spoil)
    assert yard.build("demo").changed
    assert file.read_bytes() == good


def test_it_goes_with_the_wheel(yard: Yard) -> None:
    of(yard)
    stale = yard.wheelhouse / f"gone-1.0-py3-none-any.whl{provenance.SUFFIX}"
    stale.write_bytes(b"{}")
    yard.build("demo")
    assert not stale.exists()

"""Which versions are chosen, from which sources, and what is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import CONDITIONS, SHA, TREE, Shelf, layer, recipe, refusal, resolved
from wheelforge.errors import InputError
from wheelforge.pin import Resolution
from wheelforge.recipe import ArchiveSource, Document, GitSource, PathSource
from wheelforge.resolve import Request, resolve

COMMIT = "1" * 40
THREE = ("3.0", "2.0", "1.0")


def dep(**specs: str) -> str:
    """A `depends` line."""
    return "depends = { " + ", ".join(f"{name} = '{spec}'" for name, spec in specs.items()) + " }"


def _versions(resolution: Resolution) -> dict[str, str]:
    return {pin.name: pin.version for pin in resolution.pins}


# ---- versions


@pytest.mark.parametrize(
    ("requirement", "version"),
    [
        ("demo", "25.02.1"),
        ("demo==25.02", "25.02"),
        ("demo<25.02.1", "25.02"),
        ("demo>25.02", "25.02.1"),
        ("demo>=50", "52.0"),
        ("demo~=25.2", "25.02.1"),
        ("demo!=25.02.1", "25.02"),
        ("Demo", "25.02.1"),
    ],
)
def test_first_version_of_the_recipe_that_fits(requirement: str, version: str) -> None:
    """The recipe's order decides, not the number: 52.0 is the old scheme's, and last."""
    texts = {"demo": recipe(versions=["25.02.1", "25.02", "52.0"])}
    assert _versions(resolved(texts, requirement)) == {"demo": version}


def test_all_dependents_are_satisfied() -> None:
    texts = {
        "top": recipe("top", head=dep(one="*", two="*")),
        "one": recipe("one", head=dep(low=">=2")),
        "two": recipe("two", head=dep(low="<3")),
        "low": recipe("low", versions=THREE),
    }
    resolution = resolved(texts)
    assert _versions(resolution) == {"low": "2.0", "one": "1.0", "two": "1.0", "top": "1.0"}
    assert resolution.requested == ("top",)
    assert resolution.pins[0].why == "one 1.0 depends on it"


def test_a_package_chosen_too_early_is_chosen_again() -> None:
    """`low` is met before `deep` says that it must not be 3."""
    texts = {
        "top": recipe("top", head=dep(low="*", mid="*")),
        "mid": recipe("mid", head=dep(deep="*")),
        "deep": recipe("deep", head=dep(low="<3")),
        "low": recipe("low", versions=THREE),
    }
    assert _versions(resolved(texts))["low"] == "2.0"


def test_a_wish_of_a_version_that_is_not_chosen_does_not_count() -> None:
    """A 2.0 wants b < 2, but late says that a must be 1.0, which wants nothing of b."""
    texts = {
        "top": recipe("top", head=dep(b="*", a="*", mid="*")),
        "a": recipe("a", "[depends.when.'version >=2']\nb = '<2'", versions=["2.0", "1.0"]),
        "mid": recipe("mid", head=dep(late="*")),
        "late": recipe("late", head=dep(a="<2")),
        "b": recipe("b", versions=THREE),
    }
    versions = _versions(resolved(texts))
    assert (versions["a"], versions["b"]) == ("1.0", "3.0")


def test_conditions_are_decided_for_the_version_that_is_chosen() -> None:
    body = "[depends.when.'version >=2']\nnew = '*'\n[depends.when.'version <2']\nold = '*'"
    texts = {
        "top": recipe("top", body, versions=THREE),
        "new": recipe("new"),
        "old": recipe("old"),
    }
    assert set(_versions(resolved(texts, "top==1.0"))) == {"top", "old"}
    assert set(_versions(resolved(texts, "top"))) == {"top", "new"}


def test_wishes_that_exclude_each_other_are_all_named() -> None:
    texts = {
        "top": recipe("top", head=dep(one="*", low=">=2")),
        "one": recipe("one", head=dep(low="<2")),
        "low": recipe("low", versions=THREE),
    }
    error = refusal(lambda: resolved(texts))
    assert ">=2 (top 1.0 depends on it)" in error.what
    assert "<2 (one 1.0 depends on it)" in error.what
    assert error.where == "recipes/low.toml:5: versions"
    assert "3.0, 2.0, 1.0" in error.remedy


# ---- pins, off, companions


def test_pins_decide() -> None:
    texts = {"top": recipe("top", head=dep(low="*")), "low": recipe("low", versions=THREE)}
    assert _versions(resolved(texts, pins={"low": "1.0"}))["low"] == "1.0"
    assert _versions(resolved(texts, pins={"Low": "1"}))["low"] == "1.0"


def test_off_leaves_a_dependency_out() -> None:
    body = f"{dep(low='*', high='*')}\n[exports.env.when.'without low']\nA = '1'"
    texts = {"top": recipe("top", head=body.partition("\n")[0], body=body.partition("\n")[2])}
    texts |= {"low": recipe("low"), "high": recipe("high")}
    resolution = resolved(texts, pins={"low": "off"})
    assert _versions(resolution) == {"high": "1.0", "top": "1.0"}
    top = resolution.pins[-1]
    assert top.depends == ("high",)
    assert top.recipe.exports.env == {"A": "1"}


def test_companions_come_with_what_was_asked_for_only() -> None:
    texts = {
        "torch": recipe("torch", head="companions = { vision = '==1.0' }"),
        "vision": recipe("vision", head=dep(torch="*"), versions=("2.0", "1.0")),
        "user": recipe("user", head=dep(torch="*")),
    }
    both = resolved(texts)
    assert _versions(both) == {"torch": "1.0", "vision": "1.0"}
    assert both.requested == ("torch", "vision")
    assert _versions(resolved(texts, only=True)) == {"torch": "1.0"}
    assert _versions(resolved(texts, pins={"vision": "off"})) == {"torch": "1.0"}
    assert _versions(resolved(texts, "user")) == {"torch": "1.0", "user": "1.0"}


# ---- sources


NESTED = {
    "top": recipe("top", "[nested.dnn]\nat = 'third/dnn'\nversion = '<3'"),
    "dnn": recipe("dnn", kind="source", versions=THREE),
}


def test_nested_sources() -> None:
    (pin,) = resolved(NESTED).pins
    assert [(item.recipe, item.version, item.at) for item in pin.sources] == [
        ("top", "1.0", ""),
        ("dnn", "2.0", "third/dnn"),
    ]
    (pin,) = resolved(NESTED, pins={"dnn": "1.0"}).pins
    assert pin.sources[1].version == "1.0"
    (pin,) = resolved(NESTED, pins={"dnn": "off"}).pins
    assert len(pin.sources) == 1
    assert "<3" in refusal(lambda: resolved(NESTED, pins={"dnn": "3.0"})).what


def test_a_nested_source_can_also_be_built() -> None:
    texts = {
        "top": recipe("top", "[nested.low]\nat = 'x'\nversion = '<3'", head=dep(low="*")),
        "low": recipe("low", versions=THREE),
    }
    resolution = resolved(texts)
    assert _versions(resolution) == {"low": "2.0", "top": "1.0"}
    assert [item.version for item in resolution.pins[1].sources] == ["1.0", "2.0"]


def test_values_in_addresses() -> None:
    (pin,) = resolved({"demo": recipe(versions=["1.5"])}).pins
    (source,) = pin.sources
    assert isinstance(source.source, ArchiveSource)
    assert source.source.url == "https://host.test/1.5.tgz"
    assert source.identity == f"sha256:{SHA}"


@pytest.mark.parametrize(("version", "identity"), [("1.0", f"git:{COMMIT}"), ("2.0", "")])
def test_a_commit_is_an_identity_and_a_tag_is_none(version: str, identity: str) -> None:
    git = f'type = "git"\nurl = "x"\nmirrors = ["y/{{version}}"]\ncommit = {{ "1.0" = "{COMMIT}" }}'
    (pin,) = resolved({"demo": recipe(versions=THREE, source=git)}, f"demo=={version}").pins
    (source,) = pin.sources
    assert source.identity == identity
    assert isinstance(source.source, GitSource)
    assert (source.source.tag, source.source.mirrors) == (f"v{version}", (f"y/{version}",))


def test_source_option_replaces_the_recipes_own(tmp_path: Path) -> None:
    texts = dict(NESTED)
    pins = resolved(texts, sources={"dnn": tmp_path}).pins
    nested = pins[0].sources[1]
    assert nested.source == PathSource(path=str(tmp_path))
    assert nested.identity == f"tree:{TREE}"
    assert isinstance(pins[0].sources[0].source, ArchiveSource)


def test_a_relative_path_starts_at_the_layer_that_sets_the_source(tmp_path: Path) -> None:
    for folder in ("low", "high"):
        (tmp_path / folder / "tree").mkdir(parents=True)
    text = recipe(source='type = "path"\npath = "tree"')
    low = layer(text, folder=tmp_path / "low")
    high = layer('[source]\npath = "tree"', folder=tmp_path / "high")
    for layers, folder in ((low,), "low"), ((low, high), "high"):
        doc = Document("demo", layers)
        resolution = _resolve_one(doc)
        assert resolution.pins[0].sources[0].source == PathSource(
            path=str(tmp_path / folder / "tree")
        )


def _resolve_one(doc: Document) -> Resolution:
    shelf = Shelf({})
    shelf._documents[doc.name] = doc
    return resolve(Request(requirements=["demo"], conditions=CONDITIONS), shelf, lambda _: TREE)


def test_patches_of_this_version(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    body = "".join(
        f"[[patches]]\nfile = '{name}'\nsha256 = '{digest}'\nwhy = 'y'\n{more}\n"
        for name, more in (
            ("all", "strip = 0"),
            ("new", "versions = '>=2'"),
            ("old", "versions = '<2'"),
        )
    )
    (tmp_path / "all").write_bytes(b"x")
    (tmp_path / "old").write_bytes(b"x")
    doc = Document("demo", (layer(recipe(body=body), folder=tmp_path),))
    patches = _resolve_one(doc).pins[0].patches
    assert [(Path(item.file).name, item.strip) for item in patches] == [("all", 0), ("old", 1)]
    (tmp_path / "old").unlink()
    error = refusal(lambda: _resolve_one(doc))
    assert "no patch file 'old'" in error.what
    assert error.where.endswith(": patches[2].file")


PACKAGED = (
    "type = 'debian'\npackage = 'demo-src'\nsuite = 'trixie'\nrelease = {}\n"
    f"sha256 = {{ '1.0' = '{SHA}' }}\n"
    f"patches = {{ sha256 = {{ '1.0' = '{TREE}' }}, without = ['b', 'a'] }}"
)


def test_patches_of_a_source_package_are_a_source_of_their_own(tmp_path: Path) -> None:
    (pin,) = resolved({"demo": recipe(source=PACKAGED)}).pins
    found = [(item.at, item.identity, item.series, item.nested) for item in pin.sources]
    assert found == [
        ("", f"sha256:{SHA}", False, False),
        ("debian", f"sha256:{TREE}", True, False),
    ]
    assert [item.without for item in pin.sources] == [(), ("b", "a")]
    (pin,) = resolved({"demo": recipe(source=PACKAGED)}, sources={"demo": tmp_path}).pins
    assert [item.series for item in pin.sources] == [False]


def test_patches_of_a_nested_source_package() -> None:
    texts = {
        "top": recipe("top", "[nested.dnn]\nat = 'third/dnn'"),
        "dnn": recipe("dnn", kind="source", source=PACKAGED),
    }
    (pin,) = resolved(texts).pins
    assert [item.at for item in pin.sources] == ["", "third/dnn", "third/dnn/debian"]
    assert [item.nested for item in pin.sources] == [False, True, True]


def test_patches_of_a_source_package_need_a_digest() -> None:
    error = refusal(lambda: resolved({"demo": recipe(source=PACKAGED.replace(TREE, SHA).replace(
        "patches = { sha256 = { '1.0'", "patches = { sha256 = { '2.0'"))}))  # fmt: skip
    assert error.where.endswith("source.patches.sha256")
    assert 'add source.patches.sha256."1.0"' in error.remedy


# ---- what is refused

GOOD = {"demo": recipe(head=dep(low="*"), versions=THREE), "low": recipe("low")}


@pytest.mark.parametrize(
    ("requirement", "told"),
    [
        ("", "is not a requirement"),
        ("a b", "is not a requirement"),
        ("demo=1", "is not a requirement"),
        ("demo;rm -rf /", "is not a requirement"),
        ("demo==1.0;id", "is not a requirement"),
        ("$(id)", "is not a requirement"),
        ("../demo", "is not a requirement"),
        ("demo[x]", "no extras"),
        ("demo; python_version > '3'", "no extras, markers"),
        ("demo @ https://host.test/x.whl", "address"),
        ("demo==9", "no version of demo is ==9"),
        ("demo<1", "no version of demo is <1"),
    ],
)
def test_requirements_that_cannot_be_met(requirement: str, told: str) -> None:
    assert told in refusal(lambda: resolved(GOOD, requirement)).what


@pytest.mark.parametrize(
    ("request_", "where", "told"),
    [
        ({"pins": {"low": "7"}}, "--pin low=7", "known versions: 1.0"),
        ({"pins": {"low": "1;id"}}, "--pin low=1;id", "PEP 440"),
        ({"pins": {"demo": "off"}}, "--pin demo=off", "do not ask for demo"),
        ({"pins": {"demo": "1.0"}, "requirements": ["demo>1"]}, "--pin demo=1.0", "remove --pin"),
        ({"sources": {"demo": Path("/nowhere/at/all")}}, "--source demo", "path of a folder"),
        ({"requirements": []}, "what to build", "recipe list"),
    ],
)
def test_options_that_cannot_be_met(request_: dict[str, Any], where: str, told: str) -> None:
    request = Request(**{"requirements": ["demo"], "conditions": CONDITIONS, **request_})
    error = refusal(lambda: resolve(request, Shelf(GOOD), lambda _: TREE))
    assert error.where == where
    assert told in error.remedy


class Picky(Shelf):
    """Refuses unknown names as the real catalog does."""

    def document(self, name: str, where: str = "") -> Document:
        if name not in self._documents:
            raise InputError(f"there is no recipe '{name}'", where=where, remedy="another")
        return super().document(name)


@pytest.mark.parametrize(
    ("head", "options", "where"),
    [
        ("", {"requirements": ["alc"]}, "asked for as 'alc'"),
        ("", {"pins": {"alc": "1"}}, "--pin alc"),
        ("", {"pins": {"alc": "off"}}, "--pin alc"),
        ("", {"pins": {"../a;b": "1"}}, "--pin ../a;b"),
        ("", {"sources": {"alc": Path()}}, "--source alc"),
        (dep(alc="*"), {}, "recipes/demo.toml:6: depends.alc"),
        ("companions = { alc = '*' }", {}, "recipes/demo.toml:6: companions.alc"),
        ("nested = { alc = { at = 'x' } }", {}, "recipes/demo.toml:6: nested.alc"),
    ],
)
def test_unknown_recipe_is_told_where_it_is_named(
    head: str, options: dict[str, Any], where: str
) -> None:
    request = Request(**{"requirements": ["demo"], "conditions": CONDITIONS, **options})
    shelf = Picky({"demo": recipe(head=head)})
    assert refusal(lambda: resolve(request, shelf, lambda _: TREE)).where == where


@pytest.mark.parametrize(
    ("edges", "circle"),
    [
        ({"a": ["a"]}, "a → a"),
        ({"a": ["b"], "b": ["a"]}, "a → b → a"),
        ({"a": ["x", "b"], "x": [], "b": ["c"], "c": ["d"], "d": ["b"]}, "b → c → d → b"),
    ],
)
def test_cycles_are_named(edges: dict[str, list[str]], circle: str) -> None:
    texts = {name: recipe(name, head=dep(**dict.fromkeys(on, "*"))) for name, on in edges.items()}
    error = refusal(partial(resolved, texts))
    assert error.what.endswith(circle)
    before, last = circle.split(" → ")[-2:]
    assert error.where == f"recipes/{before}.toml:6: depends.{last}"


def test_a_source_is_not_built_by_itself() -> None:
    assert "nest" in refusal(lambda: resolved(NESTED, "dnn")).remedy
    texts = {"top": recipe("top", head=dep(dnn="*")), "dnn": NESTED["dnn"]}
    error = refusal(lambda: resolved(texts))
    assert error.where == "recipes/top.toml:6: depends.dnn"


def test_a_version_without_a_digest() -> None:
    text = recipe(versions=["2.0", "1.0"]).replace(f'"2.0" = "{SHA}"\n', "")
    error = refusal(lambda: resolved({"demo": text}))
    assert "version 2.0" in error.what
    assert error.where.startswith("recipes/demo.toml:")
    assert error.where.endswith(": source.sha256")
    assert 'source.sha256."2.0"' in error.remedy
    assert "--source demo=PATH" in error.remedy


@pytest.mark.parametrize("text", ["{verson}", "{prefix}", "{target.acl_arch}", "@{src}"])
def test_unknown_value_in_an_address(text: str) -> None:
    error = refusal(lambda: resolved({"demo": recipe().replace("{version}", text)}))
    assert error.where.endswith(": source.url")


def test_a_source_that_cannot_be_read(tmp_path: Path) -> None:
    def digest(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    request = Request(requirements=["demo"], conditions=CONDITIONS, sources={"demo": tmp_path})
    error = refusal(lambda: resolve(request, Shelf(GOOD), digest))
    assert "Permission denied" in error.what
    assert error.where == "--source demo"


# ---- as a whole


@given(st.data())
def test_any_graph_is_resolved_in_order_and_each_time_the_same(data: st.DataObject) -> None:
    """Acyclic graphs with random wishes: every wish holds, or the refusal names the package."""
    count = data.draw(st.integers(1, 6))
    specs = st.sampled_from(["*", ">=2", "<3", "!=2.0", "==1.0"])
    wishes: dict[str, dict[str, str]] = {"p0": {}}
    for number in range(1, count):
        others = st.sampled_from([f"p{other}" for other in range(number)])
        wishes[f"p{number}"] = data.draw(st.dictionaries(others, specs, max_size=3))
    texts: dict[str, str | Sequence[str]] = {
        name: recipe(name, head=dep(**on), versions=THREE) for name, on in wishes.items()
    }
    ended = _ended(texts, f"p{count - 1}")
    assert ended == _ended(texts, f"p{count - 1}")
    if isinstance(ended, str):
        assert "recipes/p" in ended
        return
    done: dict[str, str] = {}
    for pin in ended.pins:
        assert all(_fits(done[other], spec) for other, spec in wishes[pin.name].items())
        done[pin.name] = pin.version


def _ended(texts: dict[str, str | Sequence[str]], top: str) -> Resolution | str:
    try:
        return resolved(texts, top)
    except InputError as error:
        return str(error)


def _fits(version: str, spec: str) -> bool:
    return version in {
        "*": THREE, ">=2": ("3.0", "2.0"), "<3": ("2.0", "1.0"), "!=2.0": ("3.0", "1.0"),
        "==1.0": ("1.0",),
    }[spec]  # fmt: skip

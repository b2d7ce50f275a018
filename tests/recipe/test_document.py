"""Recipes as written: what is refused and where, overlays, conditions, origins."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from builders import CONDITIONS, SHA, document, layer, recipe, refusal
from wheelforge.errors import InputError
from wheelforge.recipe import ArchiveSource, Build, Document, GitSource, Layer

CMAKE = '[build]\nbackend = "cmake"\n'
COMMIT = "1" * 40
EXTERNAL = (
    "[[external]]\nname = 'X'\nask = 'x'\nprobe = {{ file = 'x', pattern = '{}' }}\nversion = '{}'"
)


def _line(text: str, of: str) -> int:
    return text[: text.index(of)].count("\n") + 1


# what is added to a good recipe (at the top or below), the key that is told, a word of the remedy
FAULTS = [
    ("licence = 'x'", "", "licence", "license"),
    ("x = 1", "", "x", "known: "),
    ("depends = ['a']", "", "depends", "a table"),
    ("depends = { a = 1 }", "", "depends.a", "in quotes"),
    ("depends = { a = '1.2' }", "", "depends.a", ">=1.2,<2"),
    ("companions = { a = '=>1' }", "", "companions.a", ">=1.2,<2"),
    ("compilers = { gc = '>=1' }", "", "compilers.gc", "gcc"),
    ("compilers = { gcc = 'new' }", "", "compilers.gcc", ">=1.2,<2"),
    ("nested = { a = { att = 'x' } }", "", "nested.a.att", "did you mean at?"),
    ("nested = { a = { at = '../x' } }", "", "nested.a.at", "inside"),
    ("nested = { a = { at = './' } }", "", "nested.a.at", "below the tree"),
    ("nested = { a = { at = 'x', version = 'y' } }", "", "nested.a.version", ">=1.2,<2"),
    ("nested = { a = {} }", "", "nested.a", "add at"),
    ("", "[build.optoins]\na = 1", "build.optoins", "options"),
    ("", "[build.options]\na = {}", "build.options.a", "one of these"),
    ("", "[build.options]\na = 1", "build.options", "cmake"),
    ("", "[build.env]\nA = 1", "build.env.A", "in quotes"),
    ("", '[build.env]\n"A B" = "1"', 'build.env."A B"', "environment variable"),
    ("", "[resources]\nmax_jobs = '4'", "resources.max_jobs", "whole number"),
    ("", "[resources]\nmax_jobs = -1", "resources.max_jobs", "0 or more"),
    ("", "[resources]\ncpu_minutes = nan", "resources.cpu_minutes", "more than 0"),
    ("", "[resources]\nmemory_per_job = 'much'", "resources.memory_per_job", "0.5 GiB"),
    ("", "[install]\nkeep = 'x'", "install.keep", "a list"),
    ("", "[install]\nkeep = ['/etc/x']", "install.keep[0]", "inside"),
    ("", "[install.move]\n'x' = 'a/../../b'", "install.move.x", "inside"),
    ("", "[exports]\nlibraries = ['..']", "exports.libraries[0]", "inside"),
    ("", "[repair]\nexclude = ['libx.so']", "repair", 'kind = "wheel"'),
    ("", EXTERNAL.format("(", "*"), "external[0].probe.pattern", "version="),
    ("", EXTERNAL.format("x", "*"), "external[0].probe.pattern", "version="),
    ("", EXTERNAL.format("(x)", "new one"), "external[0].version", ">=1.2,<2"),
    ("distribution = 'x'", "", "distribution", 'kind = "wheel"'),
    ("", "[trial]\nrequires = ['x==1']", "trial", 'kind = "wheel"'),
    ("", "[[checks]]\ntype = 'flie'", "checks[0].type", "did you mean file?"),
    ("", "[[checks]]\npath = 'x'", "checks[0]", "known: cmake, commands, elf, file, python"),
    ("", "[[checks]]\ntype = 'file'\npath = 'x'\ncont = 2", "checks[0].cont", "count"),
    ("", "[[checks]]\ntype = 'file'", "checks[0]", "add path"),
    ("", "[checks]\ntype = 'file'", "checks", "a list"),
    ("", "[[checks]]\ntype = 'commands'\nown = ['x']", "checks[0]", "every = ["),
    ("", "[[checks]]\ntype = 'commands'\nevery = ['-O2|O3']", "checks[0].every[0]", "-O2|-O3"),
    ("", "[[checks]]\ntype = 'commands'\nevry = ['-O2']", "checks[0].evry", "every"),
    ("", "[[checks]]\ntype = 'commands'\nlanguages = ['d']", "checks[0].languages[0]", "known"),
    ("", "[[checks]]\ntype = 'cmake'", "checks[0]", "add asked"),
    ("", "[[checks]]\ntype = 'cmake'\ncache = {}", "checks[0]", "cache = {"),
    ("", "[[checks]]\ntype = 'cmake'\ncache = { A = 1 }", "checks[0].cache.A", "write"),
    ("", "[[patches]]\nfile = 'x'\nwhy = 'y'", "patches[0]", "add sha256"),
    ("", f"[[patches]]\nfile = 'x'\nwhy = 'y'\nsha256 = '{SHA}'\nstripp = 1", "patches[0].stripp",
     "strip"),
    ("", f"[[patches]]\nfile = 'x'\nwhy = 'y'\nsha256 = '{SHA}'\nversions = '1'",
     "patches[0].versions", ">=1.2,<2"),
    ("", "[[patches]]\nfile = 'x'\nwhy = 'y'\nsha256 = 'ABC'", "patches[0].sha256", "SHA-256"),
    ("", "[build.when.'target sve']\nbakend = 'make'", "build.bakend", "backend"),
    ("", "[build.when.'target sve']\nbackend = 'mkae'", "build.backend", "make"),
    ("", "[build.when.'traget sve']\nnetwork = true", 'build.when."traget sve"', "target"),
    ("", "[build.when.'version 1']\nnetwork = true", 'build.when."version 1"', ">=1.2,<2"),
    ("", "[build.when]\n'target sve' = 1", 'build.when."target sve"', "[TABLE.when."),
    ("when = 3", "", "when", "[TABLE.when."),
    ("", "[when.'target sve']\nversions = ['2.0']", 'when."target sve".versions', "at the top"),
]  # fmt: skip


@pytest.mark.parametrize(("head", "body", "key", "remedy"), FAULTS)
def test_fault_names_file_line_key_and_remedy(head: str, body: str, key: str, remedy: str) -> None:
    text = recipe(body=body, head=head)
    error = refusal(lambda: document(text).evaluate(CONDITIONS))
    place, told = error.where.split(": ", 1)
    assert told == key
    assert remedy in error.remedy
    first = _line(text, (head or body).split("\n")[0])
    assert place.startswith("recipes/demo.toml:")
    assert first <= int(place.rpartition(":")[2]) <= first + body.count("\n")


@pytest.mark.parametrize(
    ("old", "new", "key", "remedy"),
    [
        ('name = "demo"', 'name = "other"', "name", 'write name = "demo"'),
        ('kind = "library"', 'kind = "libary"', "kind", "did you mean library?"),
        ('license = "MIT"', "license = 2024-01-01", "license", "in quotes"),
        ('license = "MIT"\n', "", "", "add license"),
        ('type = "archive"', 'type = "archve"', "source.type", "did you mean archive?"),
        ('type = "archive"', "type = 3", "source.type", "known: archive, debian"),
        ('type = "archive"\n', "", "source", "known: archive, debian"),
        ('type = "archive"', 'type = "git"', "source.sha256", "known: "),
        ("[source]", "[[source]]", "source", "a table"),
        ('url = "https', 'urll = "https', "source.urll", "did you mean url?"),
        (f'"1.0" = "{SHA}"', '"1.0" = "abc"', 'source.sha256."1.0"', "SHA-256"),
        (f'"1.0" = "{SHA}"', '"1.0" = 1', 'source.sha256."1.0"', "SHA-256"),
        ('backend = "script"', 'backend = "skript"', "build.backend", "did you mean script"),
        ('backend = "script"', 'backend = "pep517"', "build.backend", "wheel"),
        ('backend = "script"', 'backend = "make"\ncommands = [["x"]]', "build.commands", "script"),
        ('backend = "script"', 'backend = "script"\ncommands = [["x", 1]]',
         "build.commands[0][1]", "in quotes"),
        ('[build]\nbackend = "script"', "", "", "source"),
    ],
)  # fmt: skip
def test_changed_recipe_is_refused(old: str, new: str, key: str, remedy: str) -> None:
    text = recipe()
    assert old in text
    error = refusal(lambda: document(text.replace(old, new)).evaluate(CONDITIONS))
    assert error.where.partition(": ")[2] == key
    assert remedy in error.remedy


@pytest.mark.parametrize("name", ["a;b", "a b", "../a", "A", "a_b", "a.b", "-a", "a--b", "$(id)"])
def test_name_is_what_a_requirement_can_say(name: str) -> None:
    error = refusal(lambda: document(recipe(name), name=name).evaluate(CONDITIONS))
    assert error.where.endswith(":1: name")
    assert "lower-case" in error.remedy


@pytest.mark.parametrize(
    ("versions", "remedy"),
    [
        ("3", "versions = ["),
        ("[]", "versions = ["),
        ("[1.0]", "versions = ["),
        ('["1.0", "x"]', "PEP 440"),
        ('["1.0;id"]', "PEP 440"),
        ('["../1"]', "PEP 440"),
        ('["1.0", "1.0.0"]', "the same"),
    ],
)
def test_versions_are_checked(versions: str, remedy: str) -> None:
    text = recipe().replace('["1.0"]', versions)
    error = refusal(lambda: document(text).versions)
    assert error.where == "recipes/demo.toml:5: versions"
    assert remedy in error.remedy


def test_a_wheel_needs_a_backend_that_builds_wheels() -> None:
    error = refusal(lambda: document(recipe(kind="wheel", build=CMAKE)).evaluate(CONDITIONS))
    assert error.where.endswith(": build.backend")
    assert "pep517" in error.remedy


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_empty_recipe(text: str) -> None:
    empty = document(text)
    assert "versions" in refusal(lambda: empty.versions).where
    assert refusal(lambda: empty.evaluate(CONDITIONS)).where == "recipes/demo.toml"


@pytest.mark.parametrize(
    ("data", "line", "told"),
    [
        (b"name = ", ":1", "Invalid value"),
        (b'a = 1\na = "\xff"\n', ":2", "utf-8"),
        (b"a = 1\na = 2\n", ":2", "overwrite"),
        (b"\xef\xbb\xbfa = 1", ":1", "Invalid statement"),
        (b"a = " + b"[" * 2000, "", "nested"),
        (b"a." * 3000 + b"a = 1", "", "parts"),
        (b'a = 1\nb = "\\u0000"\n', ":2", "NUL"),
    ],
)
def test_file_that_is_not_toml(tmp_path: Path, data: bytes, line: str, told: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(data)
    error = refusal(lambda: Layer.load(file, "recipes/bad.toml"))
    assert error.where == f"recipes/bad.toml{line}"
    assert told in error.what


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "gone.toml").symlink_to("nowhere")
    for name in ("folder", "gone"):
        error = refusal(partial(Layer.load, tmp_path / f"{name}.toml", f"{name}.toml"))
        assert "cannot be read" in error.what


def test_deeply_nested_tables_are_refused() -> None:
    parts = ".".join(["a"] * 300)
    for text in (f"[{parts}.when.'target sve']\nx = 1", f"[{parts}]\nx = 1", f"{parts} = 1"):
        doc = document(recipe(), text)
        assert refusal(partial(doc.evaluate, CONDITIONS)).where.startswith("overlay-1/demo.toml:1")


# ---- conditions


def test_conditions_are_decided_in_the_order_of_the_file() -> None:
    body = """
[build.options]
a = 1
b = 1
[build.options.when."target sve"]
b = 2
c = 2
[build.options.when."machine aarch64"]
c = 3
[build.options.when."target avx"]
a = 4
"""
    evaluated = document(recipe(body=body, build=CMAKE)).evaluate(CONDITIONS)
    assert evaluated.build is not None
    assert evaluated.build.options == {"a": 1, "b": 2, "c": 3}


def test_conditions_within_conditions_and_in_arrays_of_tables() -> None:
    body = """
[when."target sve".exports.env]
A = "1"
[when."target sve".exports.env.when."version <2"]
B = "2"
[[checks]]
type = "file"
path = "x"
[checks.when."target sve"]
count = 2
[checks.when."version >=2"]
count = 3
"""
    doc = document(recipe(body=body))
    evaluated = doc.evaluate(CONDITIONS)
    assert evaluated.exports.env == {"A": "1", "B": "2"}
    assert getattr(evaluated.checks[0], "count", None) == 2
    other = doc.evaluate(replace(CONDITIONS, version="2.0", target=frozenset()))
    assert other.exports.env == {}
    assert getattr(other.checks[0], "count", None) == 3


def test_a_condition_that_changes_the_type_replaces_the_source() -> None:
    body = f"""
[source.when."target sve"]
type = "git"
url = "https://host.test/x.git"
commit = {{ "1.0" = "{COMMIT}" }}
"""
    doc = document(recipe(body=body))
    git = doc.evaluate(CONDITIONS).source
    assert isinstance(git, GitSource)
    assert git.url == "https://host.test/x.git"
    plain = doc.evaluate(replace(CONDITIONS, target=frozenset())).source
    assert isinstance(plain, ArchiveSource)


def test_another_backend_replaces_the_build() -> None:
    low = recipe(build=f"{CMAKE}targets = ['a']\n[build.options]\nA = 1")
    replaced = document(low, '[build]\nbackend = "script"').evaluate(CONDITIONS).build
    assert replaced == Build(backend="script")
    merged = document(low, f"{CMAKE}[build.options]\nB = 2").evaluate(CONDITIONS).build
    assert merged == Build(backend="cmake", targets=("a",), options={"A": 1, "B": 2})


def test_an_option_called_type_or_when_in_quotes_is_an_option() -> None:
    low = recipe(body='[build.options]\ntype = "a"\nx = 1', build=CMAKE)
    high = '[build.options]\ntype = "b"'
    build = document(low, high).evaluate(CONDITIONS).build
    assert build is not None
    assert build.options == {"type": "b", "x": 1}
    escaped = recipe(body='[build.options."\\u0077hen"."target sve"]\ny = 2', build=CMAKE)
    build = document(escaped).evaluate(CONDITIONS).build
    assert build is not None
    assert build.options == {"y": 2}


# ---- overlays


def test_overlays_merge_tables_and_replace_arrays() -> None:
    low = recipe(body="[exports.env]\nA = '1'\nB = '1'")
    high = 'versions = ["2.0"]\n[exports]\nlibraries = ["lib64"]\n[exports.env]\nB = "2"'
    doc = document(low, high)
    assert doc.versions == ("2.0",)
    evaluated = doc.evaluate(CONDITIONS)
    assert evaluated.versions == ("2.0",)
    assert evaluated.exports.env == {"A": "1", "B": "2"}
    assert evaluated.exports.libraries == ("lib64",)


def test_false_takes_a_table_away() -> None:
    low = recipe(body="[nested.one]\nat = 'a'\n[nested.two]\nat = 'b'", head="homepage = 'x'")
    doc = document(low, "[nested]\none = false\n[nested.when.'target neon']\ntwo = false")
    assert list(doc.evaluate(CONDITIONS).nested) == ["two"]
    assert not [key for key, _, _ in doc.origins(CONDITIONS) if key.startswith("nested.one")]
    error = refusal(lambda: document(low, "homepage = false").evaluate(CONDITIONS))
    assert error.where == "overlay-1/demo.toml:1: homepage"


def test_plain_value_of_an_overlay_wins_over_a_conditional_one_below() -> None:
    low = recipe(body="[exports.env.when.'target sve']\nA = 'low when'\nB = 'low when'")
    high = "[exports.env]\nA = 'high'"
    assert document(low, high).evaluate(CONDITIONS).exports.env == {"A": "high", "B": "low when"}
    higher = "[exports.env.when.'machine aarch64']\nA = 'highest'"
    evaluated = document(low, high, higher).evaluate(CONDITIONS)
    assert evaluated.exports.env == {"A": "highest", "B": "low when"}


def test_source_is_merged_unless_its_type_changes() -> None:
    same = document(recipe(), "[source]\nstrip = 0").evaluate(CONDITIONS).source
    assert isinstance(same, ArchiveSource)
    assert (same.strip, same.sha256) == (0, {"1.0": SHA})
    other = '[source]\ntype = "git"\nurl = "https://host.test/x.git"'
    replaced = document(recipe(), other).evaluate(CONDITIONS).source
    assert replaced == GitSource(url="https://host.test/x.git")


def test_build_is_merged_unless_its_backend_changes() -> None:
    cmake = '[build]\nbackend = "cmake"\n[build.options]\nCMAKE_BUILD_TYPE = "Release"\n'
    more = "[build.options]\nTARGET = 'A64FX'"
    merged = document(recipe(build=cmake), more).evaluate(CONDITIONS).build
    assert merged is not None
    assert merged.options == {"CMAKE_BUILD_TYPE": "Release", "TARGET": "A64FX"}
    other = document(recipe(build=cmake), f"[build]\nbackend = 'make'\n{more}")
    replaced = other.evaluate(CONDITIONS).build
    assert replaced is not None
    assert (replaced.backend, replaced.options) == ("make", {"TARGET": "A64FX"})


def test_a_fault_is_told_where_its_layer_has_it() -> None:
    low = recipe(body="[exports.env]\nA = 'x'\nB = 1")
    doc = document(low, "# overlay\n[exports.env]\nA = 2\nB = 'y'")
    assert refusal(lambda: doc.evaluate(CONDITIONS)).where == "overlay-1/demo.toml:3: exports.env.A"


def test_where_names_the_highest_layer_that_sets_a_key() -> None:
    doc = document(recipe(), "\n[source.sha256]\n'1.0' = 'x'")
    assert doc.where("source", "sha256", "1.0") == 'overlay-1/demo.toml:3: source.sha256."1.0"'
    line = _line(recipe(), "[source]")
    assert doc.where("source", "type") == f"recipes/demo.toml:{line + 1}: source.type"
    assert doc.where("kind") == "recipes/demo.toml:2: kind"
    assert doc.where("source", "nothing") == f"recipes/demo.toml:{line}: source.nothing"
    assert doc.where() == "recipes/demo.toml"


def test_files_are_looked_for_beside_the_highest_layer_first(tmp_path: Path) -> None:
    for folder in ("low", "high"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "both.patch").write_text("")
    (tmp_path / "low" / "one.patch").write_text("")
    layers = [layer("", folder=tmp_path / folder) for folder in ("low", "high")]
    doc = Document("demo", tuple(layers))
    assert doc.file("both.patch") == tmp_path / "high" / "both.patch"
    assert doc.file("one.patch") == tmp_path / "low" / "one.patch"
    assert doc.file("none.patch") is None


# ---- origins


def test_origins_tell_who_set_each_value() -> None:
    low = recipe(body="[exports.env]\nA = '1'\nB = '1'\n[exports.env.when.'target sve']\nB = '2'")
    doc = document(
        low, "[exports.env.when.'target avx']\nA = '3'\n[[checks]]\ntype = 'file'\npath = 'p'"
    )
    told = {key: (value, where) for key, value, where in doc.origins(CONDITIONS)}
    first = _line(low, "[exports.env]")
    assert told["exports.env.A"] == ("1", f"recipes/demo.toml:{first + 1}")
    assert told["exports.env.B"] == ("2", f"recipes/demo.toml:{first + 4}")
    assert told["versions"] == (["1.0"], "recipes/demo.toml:5")
    assert told["checks[0].path"] == ("p", "overlay-1/demo.toml:5")
    avx = replace(CONDITIONS, target=frozenset({"avx"}))
    told = {key: (value, where) for key, value, where in doc.origins(avx)}
    assert told["exports.env.A"] == ("3", "overlay-1/demo.toml:2")


# ---- variants


def _options(text: str) -> list[dict[str, Any]]:
    return [item.build.options for item in document(text).variants() if item.build is not None]


def test_variants_hold_every_table_and_every_two() -> None:
    body = """
[build.options.when."target sve"]
a = 1
[build.options.when."target sve".when."version <2"]
b = 1
[build.options.when."toolchain clang"]
c = 1
[build.options.when."version >=9"]
d = 1
"""
    seen = [set(options) for options in _options(recipe(body=body, build=CMAKE))]
    assert {"a"} in seen or {"a", "b"} in seen
    assert {"a", "b", "c"} in seen
    assert {"a", "d"} in seen
    assert {"c", "d"} in seen
    assert set() in seen
    assert not any({"b", "d"} <= options for options in seen)  # no version is both


def test_variants_see_tables_in_arrays() -> None:
    body = "[[checks]]\ntype = 'file'\npath = 'x'\n[checks.when.'target sve']\ncuont = 2"
    error = refusal(lambda: list(document(recipe(body=body)).variants()))
    assert error.where.endswith("checks[0].cuont")


@pytest.mark.parametrize(
    "condition",
    ["target x", "target !x", "machine x", "toolchain x", "with x", "without x", "python <3.11",
     "python >=3.15", "version ==7.*", "version >9", "version <0.1", "version !=1.0",
     "machine x and target y and version >=3"],
)  # fmt: skip
def test_every_condition_has_a_situation_in_which_it_holds(condition: str) -> None:
    body = f"[build.options.when.'{condition}']\na = 1"
    assert {"a": 1} in _options(recipe(body=body, build=CMAKE))


def test_alternatives_need_no_common_ground() -> None:
    """A table that only its conditions make complete is sound when one of them always holds."""
    text = recipe().replace('url = "https://host.test/{version}.tgz"\n', "")
    text += "[source.when.'target sve']\nurl = 'a'\n[source.when.'target !sve']\nurl = 'b'\n"
    assert {item.source.url for item in document(text).variants()} == {"a", "b"}  # type: ignore[union-attr]


def test_a_fault_that_needs_two_tables_is_found() -> None:
    body = """
[build.when."target sve"]
backend = "script"
options = {}
[build.when."toolchain clang"]
options = { a = 1 }
"""
    error = refusal(lambda: list(document(recipe(body=body, build=CMAKE)).variants()))
    assert "takes no options" in error.what


# ---- whatever TOML can say

_WORDS = st.sampled_from([
    "name", "kind", "versions", "source", "build", "when", "target sve", "version >=1", "type",
    "checks", "patches", "nested", "depends", "options", "env", "sha256", "x", "", "a.b", "`$.x`",
])  # fmt: skip
_SCALARS = (
    st.none().map(lambda _: 0)
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6)
    | st.sampled_from(["demo", "library", "1.0", "git", "archive", "file", "cmake", ">=1", SHA])
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=12,
)
GOOD = tomli.loads(
    recipe(
        head="depends = { a = '*' }\ncompanions = { b = '>=1' }",
        build=CMAKE,
        body=f"""
[nested.c]
at = "third/c"
[build.options]
a = 1
[build.options.when."target sve"]
b = true
[[patches]]
file = "x.patch"
sha256 = "{SHA}"
why = "y"
[[checks]]
type = "file"
path = "p"
""",
    )
)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _try(data: dict[str, Any]) -> None:
    """Everything that is ever asked of a document ends well or with an InputError."""
    text = "\n".join(f"{_toml(key)} = {_toml(value)}" for key, value in data.items())
    doc = Document("demo", (layer(recipe()), layer(text, "overlay/demo.toml")))
    alone = Document("demo", (layer(text),))
    for item in (doc, alone):
        for work in (
            lambda item=item: item.versions,
            lambda item=item: item.evaluate(CONDITIONS),
            lambda item=item: list(item.variants()),
            lambda item=item: list(item.origins(CONDITIONS)),
        ):
            told = _told(work)
            assert told is None or (".toml" in told.where and told.remedy)


def _told(work: Callable[[], object]) -> InputError | None:
    try:
        work()
    except InputError as error:
        return error
    return None


@given(st.dictionaries(_WORDS, _VALUES, max_size=6))
def test_any_content_is_a_recipe_or_an_input_error(data: dict[str, Any]) -> None:
    _try(data)


@given(st.data())
def test_any_change_of_a_good_recipe_is_a_recipe_or_an_input_error(data: st.DataObject) -> None:
    changed = json.loads(json.dumps(GOOD))
    table: Any = changed
    while True:
        key = data.draw(
            st.sampled_from(sorted(table) if isinstance(table, dict) else range(len(table)))
        )
        inner = table[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        table = inner
    if data.draw(st.booleans()):
        table[key] = data.draw(_VALUES)
    elif isinstance(table, dict):
        table[data.draw(_WORDS)] = table.pop(key)
    else:
        del table[key]
    _try(changed)


def test_good_recipe_of_the_test_above_is_good() -> None:
    text = "\n".join(f"{key} = {_toml(value)}" for key, value in GOOD.items())
    assert len(list(document(text).variants())) == 2

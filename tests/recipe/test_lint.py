"""Lint: every fault of every conditional variant, and none in what is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import SHA, document, layer, recipe
from wheelforge import catalog, digest
from wheelforge.recipe import Document
from wheelforge.recipe.lint import faults

KNOWN = frozenset({"demo", "acl", "blas"})


def _faults(*texts: str) -> list[str]:
    return list(faults(document(*texts), KNOWN, lambda _path: SHA))


def test_good_recipe() -> None:
    assert _faults(recipe(head="depends = { acl = '*' }")) == []


@pytest.mark.parametrize(
    ("head", "body", "told"),
    [
        ("depends = { alc = '*' }", "", "6: depends.alc: there is no recipe 'alc'"),
        ("companions = { alc = '*' }", "", "6: companions.alc: there is no recipe 'alc'"),
        ("nested = { alc = { at = 'x' } }", "", "6: nested.alc: there is no recipe 'alc'"),
        ("depends = { demo = '*' }", "", "6: depends.demo: it refers to itself"),
        ("", "[source.sha256.when.'version >9']\n'9.9' = '" + SHA + "'", "9.9 is not in versions"),
        ("", "[depends.when.'target sve']\nalc = '*'", "there is no recipe 'alc'"),
        ("", "[exports.env.when.'with alc']\nA = '1'", "condition 'with alc': there is no recipe"),
        ("", "[exports.env.when.'without alc']\nA = '1'", "there is no recipe 'alc'"),
        ("", "[exports.env.when.'target sve']\nA = 1", "exports.env.A: expected 'str', got 'int'"),
    ],
)
def test_each_fault_is_told_once(head: str, body: str, told: str) -> None:
    found = _faults(recipe(head=head, body=body))
    assert len(found) == 1
    assert told in found[0]
    assert found[0].startswith("recipes/demo.toml")


def test_all_faults_are_told() -> None:
    text = recipe(head="depends = { one = '*', two = '*' }", versions=["2.0", "1.0"])
    found = _faults(text.replace(f'"2.0" = "{SHA}"\n', ""))
    assert [item.rpartition(": ")[2] for item in found] == [
        "there is no recipe 'one'",
        "there is no recipe 'two'",
        "no SHA-256 for version 2.0",
    ]


def test_wheel_without_a_check() -> None:
    (found,) = _faults(recipe(kind="wheel"))
    assert "a wheel needs at least one [[checks]]" in found


def test_patch_files(tmp_path: Path) -> None:
    (tmp_path / "there.patch").write_text("x")
    body = "".join(
        f"[[patches]]\nfile = '{name}.patch'\nsha256 = '{SHA}'\nwhy = 'y'\n"
        for name in ("there", "gone")
    )
    doc = Document("demo", (layer(recipe(body=body), folder=tmp_path),))
    (gone,) = faults(doc, KNOWN, lambda _path: SHA)
    assert gone.endswith(": patches[1]: there is no patch file 'gone.patch'")
    wrong, _ = faults(doc, KNOWN, digest.of_file)
    assert wrong.endswith(f"has SHA-256 {digest.of_file(tmp_path / 'there.patch')}, not {SHA}")


@pytest.mark.parametrize("overlay", ["", "debian"])
def test_shipped_recipes_are_sound(overlay: str) -> None:
    library = catalog.open_catalog([], [overlay] if overlay else [])
    known = frozenset(library.files)
    for name in known:
        values = catalog.target_values()
        assert list(faults(library.document(name), known, digest.of_file, values)) == []


def test_an_external_that_some_version_knows_nothing_of() -> None:
    body = (
        "[[external]]\nname = 'X'\nask = 'x'\nversion = { '2.0' = '5' }\n"
        "probe = { file = 'x', pattern = '(x)' }"
    )
    (found,) = _faults(recipe(body=body, versions=["2.0", "1.0"]))
    assert found.endswith("external[0].version: nothing is said of version 1.0")

"""The words of `when` tables, and versions in order."""

from __future__ import annotations

import pytest

from wheelforge.errors import InputError
from wheelforge.recipe import Conditions
from wheelforge.recipe.conditions import matches, ordered, parse, specifier

HERE = Conditions(
    version="23.05",
    python="3.12.4",
    target=frozenset({"a64fx", "sve"}),
    machine="aarch64",
    toolchain=frozenset({"native", "gcc"}),
    without=frozenset({"acl"}),
)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("version >=23.05", True),
        ("version <23.05", False),
        ("version >=23,<23.6", True),
        ("version *", True),
        ("python >=3.12", True),
        ("python <3.12", False),
        ("target sve", True),
        ("target neon", False),
        ("target !neon", True),
        ("target !sve", False),
        ("machine aarch64", True),
        ("machine !aarch64", False),
        ("toolchain gcc", True),
        ("toolchain clang", False),
        ("without acl", True),
        ("with acl", False),
        ("with blas", True),
        ("target sve and version >=23", True),
        ("target sve and version >=24", False),
        ("target sve and target a64fx and machine aarch64", True),
    ],
)
def test_hold(text: str, *, holds: bool) -> None:
    assert HERE.hold(text) is holds


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "SUBJECT TEST"),
        ("sve", "SUBJECT TEST"),
        ("version", "SUBJECT TEST"),
        ("versoin >=1", "did you mean version"),
        ("version >=1 or version <0", ">=1.2,<2"),
        ("version 1.2", ">=1.2,<2"),
        ("version >=x", ">=1.2,<2"),
        ("target sve neon", "target OTHER"),
        ("target !", "target WORD"),
        ("target sve and ", "SUBJECT TEST"),
        ("machine a;b", "machine WORD"),
    ],
)
def test_what_is_no_condition(text: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert remedy in caught.value.remedy


def test_versions_are_ordered_as_pep_440_says() -> None:
    texts = ["52.0", "25.02.1", "25.02", "25.02rc1", "1!0.1", "25.02.post1"]
    assert sorted(texts, key=ordered) == [
        "25.02rc1", "25.02", "25.02.post1", "25.02.1", "52.0", "1!0.1",
    ]  # fmt: skip
    assert ordered("1.0") == ordered("1.0.0")


@pytest.mark.parametrize("text", ["", "x", "1.0;id", " 1.0", "1.0\n", "$(id)", "../1", "1..2"])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(InputError, match="is not a version") as caught:
        ordered(text)
    assert "PEP 440" in caught.value.remedy


@pytest.mark.parametrize(
    ("version", "spec", "fits"),
    [
        ("1.0", "", True),
        ("1.0rc1", "*", True),
        ("2.0rc1", ">=1", True),
        ("1.5", "==1.*", True),
        ("1.5", "!=1.5", False),
        ("2.5.0+cpu", "==2.5.0", True),
    ],
)
def test_matches(version: str, spec: str, *, fits: bool) -> None:
    assert matches(version, spec) is fits


def test_specifier_names_the_way_to_write_it() -> None:
    with pytest.raises(InputError, match="is not a version specifier") as caught:
        specifier("1.2")
    assert caught.value.remedy == 'write it as ">=1.2,<2"'

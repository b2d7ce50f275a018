"""`{name}` in recipes, `@{name}` in plans."""

from __future__ import annotations

import pytest

from wheelforge.errors import InputError
from wheelforge.template import expand, names, render

VALUES = {"version": "1.2", "target.acl_arch": "armv8a", "pin.mini-dnn": "3"}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("plain", "plain"),
        ("v{version}/{version}", "v1.2/1.2"),
        ("-march={target.acl_arch}", "-march=armv8a"),
        ("{pin.mini-dnn}", "3"),
        ("{prefix}/lib", "@{prefix}/lib"),
        ("{dep.acl}", "@{dep.acl}"),
        # braces of other languages are left alone
        ("${HOME} $${version}", "${HOME} $${version}"),
        ('{"json": 1} {} {A} {a b}', '{"json": 1} {} {A} {a b}'),
        ("{{version}}", "{{version}}"),
    ],
)
def test_expand(text: str, expanded: str) -> None:
    assert expand(text, VALUES, "here", paths=("prefix", "dep.acl")) == expanded


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("{verson}", "version"),
        ("{target.acl}", "target.acl_arch"),
        ("{dep.blas}", "dep.acl"),
        ("{src}", "prefix"),
        ("@{prefix}", "write {prefix}"),
        ("{version} @{u}", "write {u}"),
    ],
)
def test_unknown_name_is_refused(text: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        expand(text, VALUES, lambda: "a.toml:3: key", paths=("prefix", "dep.acl"))
    assert caught.value.where == "a.toml:3: key"
    assert remedy in caught.value.remedy


def test_render_fills_plans_and_nothing_else() -> None:
    assert render("@{dep.mini-acl}/{x}/$y @{jobs}", str.upper) == "DEP.MINI-ACL/{x}/$y JOBS"


def test_names_in_order() -> None:
    assert names("@{src}:@{dep.a.b}:{no}") == ["src", "dep.a.b"]

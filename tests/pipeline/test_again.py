"""What a provenance asks for becomes options; what it only names is looked for here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from wheelforge.asked import Asked, Named
from wheelforge.errors import InputError
from wheelforge.pipeline.again import Hints, options_for

if TYPE_CHECKING:
    from pathlib import Path


def named(name: str) -> Named:
    return Named(name=name, sha256="0" * 64)


def asked(**changes: Any) -> Asked:
    parts: dict[str, Any] = {
        "requirements": ("torch==2.5.0",),
        "pins": {"acl": "25.02.1", "onednn": "off"},
        "target": named("a64fx"),
        "archspec": "a64fx",
        "toolchain": named("native"),
        "python": "3.12",
        "recipes": {},
    }
    return Asked(**{**parts, **changes})


def test_everything_is_as_it_was_asked() -> None:
    found = options_for(asked(only=True, untested=True), Hints(offline=True))
    assert found.requirements == ("torch==2.5.0",)
    assert found.pins == {"acl": "25.02.1", "onednn": "off"}
    assert (found.target, found.toolchain, found.python) == ("a64fx", "native", "3.12")
    assert (found.only, found.untested, found.offline) == (True, True, True)


def test_hints_come_first() -> None:
    hints = Hints(target="mine.toml", toolchain="own.toml", python="3.13", sysroot="other")
    found = options_for(asked(sysroot=named("trixie-arm64")), hints)
    assert (found.target, found.sysroot) == ("mine.toml", "other")
    with pytest.raises(InputError, match=r"own\.toml"):  # asked which sysroot it brings
        options_for(asked(sysroot=named("x")), Hints(toolchain="own.toml"))


@pytest.mark.parametrize(("sysroot", "option"), [("trixie-arm64", ""), ("own", "own")])
def test_a_sysroot_that_the_toolchain_brings_is_not_named(sysroot: str, option: str) -> None:
    wanted = asked(toolchain=named("aarch64-cross"), sysroot=named(sysroot))
    assert options_for(wanted, Hints()).sysroot == option


def test_overlays_and_folders_are_found_by_their_names(tmp_path: Path) -> None:
    wanted = asked(overlays=(named("debian"), named("site")), folders=(named("more"),))
    hints = Hints(overlays=[str(tmp_path / "site")], recipes=[tmp_path / "more"])
    found = options_for(wanted, hints)
    assert found.overlays == ["debian", str(tmp_path / "site")]
    assert found.recipes == [tmp_path / "more"]
    with pytest.raises(InputError, match="the overlay 'site' is not here"):
        options_for(wanted, Hints(recipes=[tmp_path / "more"]))
    with pytest.raises(InputError, match="the folder of recipes 'more' is not here"):
        options_for(wanted, Hints(overlays=[str(tmp_path / "site")]))

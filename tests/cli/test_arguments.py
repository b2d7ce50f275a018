"""What the short options come to, and what torch is built with because of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builders import CONDITIONS, refusal
from wheelforge import catalog
from wheelforge.cli.arguments import options
from wheelforge.resolve import Request, resolve

if TYPE_CHECKING:
    from wheelforge.pin import Pin


@pytest.mark.parametrize(
    ("words", "pins"),
    [
        ({}, {}),
        ({"blas": "openblas"}, {}),
        ({"blas": "none"}, {"openblas": "off"}),
        ({"blas": "none", "openblas": "off"}, {"openblas": "off"}),
        ({"onednn": "3.7.1", "acl": "25.02.1"}, {"onednn": "3.7.1", "acl": "25.02.1"}),
        ({"onednn": "off"}, {"onednn": "off"}),
        ({"onednn": "reference"}, {"acl": "off"}),
        ({"onednn": "reference", "pin": ["onednn=3.7.1"]}, {"onednn": "3.7.1", "acl": "off"}),
        ({"acl": "25.02", "pin": ["acl=25.02", "numpy=2.2.3"]}, {"acl": "25.02", "numpy": "2.2.3"}),
    ],
)
def test_pins(words: dict[str, str], pins: dict[str, str]) -> None:
    assert options(["torch"], **words).pins == pins  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"blas": "mkl"}, "'mkl' is no BLAS"),
        ({"blas": "none", "openblas": "0.3.29"}, "--openblas 0.3.29 and --blas none"),
        ({"onednn": "reference", "acl": "25.02"}, "--acl 25.02 and --onednn reference"),
        ({"onednn": "reference", "pin": ["acl=25.02"]}, "--onednn reference and --pin acl=25.02"),
        ({"acl": "25.02", "pin": ["acl=24.09"]}, "--acl 25.02 and --pin acl=24.09"),
    ],
)
def test_options_that_contradict_each_other(words: dict[str, str], says: str) -> None:
    error = refusal(lambda: options(["torch"], **words))  # type: ignore[arg-type]
    assert says in error.what


def test_an_unknown_blas_is_told_those_there_are() -> None:
    assert refusal(lambda: options(["torch"], blas="blis")).remedy == "known: openblas, none"


def torch(**words: str) -> tuple[Pin, set[str]]:
    """The pin of torch 2.5.0 for A64FX, and the names of all packages and sources."""
    chosen = options(["torch==2.5.0"], only=True, **words)  # type: ignore[arg-type]
    library = catalog.open_catalog()
    request = Request(
        requirements=chosen.requirements, pins=chosen.pins, only=chosen.only, rows=library.rows(),
        conditions=CONDITIONS, compilers={"gcc": "13.2.0", "glibc": "2.39"},
    )  # fmt: skip
    pins = {pin.name: pin for pin in resolve(request, library, lambda _path: "").pins}
    sources = {source.recipe for pin in pins.values() for source in pin.sources}
    return pins["torch"], sources


@pytest.mark.parametrize(
    ("words", "switches", "parts"),
    [
        ({}, "ON ON OpenBLAS", {"torch", "onednn", "acl", "openblas"}),
        ({"onednn": "reference"}, "ON OFF OpenBLAS", {"torch", "onednn", "openblas"}),
        ({"onednn": "off"}, "OFF OFF OpenBLAS", {"torch", "openblas"}),
        ({"blas": "none"}, "ON ON Eigen", {"torch", "onednn", "acl"}),
        ({"onednn": "off", "blas": "none"}, "OFF OFF Eigen", {"torch"}),
    ],
)
def test_torch_obeys(words: dict[str, str], switches: str, parts: set[str]) -> None:
    pin, sources = torch(**words)
    assert pin.recipe.build is not None
    env = pin.recipe.build.env
    assert f"{env['USE_MKLDNN']} {env['USE_MKLDNN_ACL']} {env['BLAS']}" == switches
    assert sources == parts
    names = [getattr(check, "name", "") for check in pin.recipe.checks]
    assert any("Arm Compute Library" in name for name in names) is ("acl" in parts)

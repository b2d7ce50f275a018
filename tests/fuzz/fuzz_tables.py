"""The other TOML files of people elsewhere: targets, toolchains, sysroots, compatibility tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import fuzz_recipe
from guard import guarded

from wheelforge import catalog
from wheelforge.catalog import Catalog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_SHIPPED = Path(__file__).parents[2] / "toolchains"


def check(data: bytes) -> None:
    """Whatever a file is taken for, nothing but a ForgeError."""
    for load in (catalog.load_target, catalog.load_toolchain, catalog.load_sysroot):
        with guarded({"x.toml": data}, "nowhere") as folder:
            load(str(folder / "x.toml"))
    with guarded({"compatibility/x.toml": data}, "nowhere") as folder:
        list(Catalog((folder,)).rows())


def seeds() -> Iterator[bytes]:
    """What is shipped."""
    for folder in (_SHIPPED, _SHIPPED.parent / "recipes" / "compatibility"):
        for path in sorted(folder.rglob("*.toml")):
            yield path.read_bytes()[: 1 << 14]


def mutated(data: bytes, dice: Random) -> bytes:
    """As a recipe."""
    return fuzz_recipe.mutated(data, dice)

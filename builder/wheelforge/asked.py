"""What a plan was asked for and what decided it: enough to plan the same again elsewhere."""

from __future__ import annotations

import msgspec


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Something on disk by its name, without its folder, and the SHA-256 of what it says."""

    name: str
    sha256: str


class Asked(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A request with everything in it decided.

    `requirements` are what was typed. `pins` give every package and nested source of the plan its
    version, and `off` to what was left out. `recipes` are the digests of their files, all layers
    together; `overlays` and `folders` (of more recipes) those of what each has among these.
    `sources` are the identities of sources that took the place of recipes'. `python` is a series
    ("3.12"), `archspec` the processor that `native` meant.
    """

    requirements: tuple[str, ...]
    pins: dict[str, str]
    target: Named
    archspec: str
    toolchain: Named
    python: str
    recipes: dict[str, str]
    sysroot: Named | None = None
    overlays: tuple[Named, ...] = ()
    folders: tuple[Named, ...] = ()
    sources: dict[str, str] = {}
    only: bool = False
    untested: bool = False

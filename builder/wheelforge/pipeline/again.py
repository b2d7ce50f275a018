"""What a provenance asks for, as options of a plan on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wheelforge import catalog
from wheelforge.asked import Asked, Named
from wheelforge.errors import InputError
from wheelforge.pipeline.options import Options


@dataclass(frozen=True, kw_only=True)
class Hints:
    """Where on this machine is what a provenance only names; empty: under that name."""

    target: str = ""
    toolchain: str = ""
    sysroot: str = ""
    python: str = ""
    sources: Mapping[str, Path] = field(default_factory=dict)
    overlays: Sequence[str] = ()
    recipes: Sequence[Path] = ()
    offline: bool = False


def options_for(asked: Asked, hints: Hints) -> Options:
    """The same request with every version fixed; InputError for what cannot be had here."""
    for name in sorted(asked.sources.keys() - hints.sources.keys()):
        raise InputError(
            f"the source of {name} was given by hand, and is not here",
            where="provenance: sources",
            remedy=f"say where it is: --source {name}=PATH (it was {asked.sources[name]})",
        )
    return Options(
        requirements=asked.requirements,
        target=hints.target or asked.target.name,
        toolchain=hints.toolchain or asked.toolchain.name,
        sysroot=hints.sysroot or _sysroot(asked, hints),
        python=hints.python or asked.python,
        pins=asked.pins,
        sources=hints.sources,
        overlays=[_overlay(item, hints) for item in asked.overlays],
        recipes=[_folder(item, hints) for item in asked.folders],
        only=asked.only,
        untested=asked.untested,
        offline=hints.offline,
    )


def _sysroot(asked: Asked, hints: Hints) -> str:
    """The name of a sysroot, but where the toolchain brings the same anyway."""
    if asked.sysroot is None:
        return ""
    own = catalog.load_toolchain(hints.toolchain or asked.toolchain.name).sysroot
    return "" if own == asked.sysroot.name else asked.sysroot.name


def _overlay(wanted: Named, hints: Hints) -> str:
    given = {Path(text).name: text for text in hints.overlays}
    shipped = {path.name for path in (catalog.shipped() / "recipes/overlays").glob("*")}
    if wanted.name in given:
        return given[wanted.name]
    if wanted.name in shipped:
        return wanted.name
    raise InputError(
        f"the overlay '{wanted.name}' is not here",
        where="provenance: overlays",
        remedy=f"say where it is: --overlay PATH/{wanted.name}",
    )


def _folder(wanted: Named, hints: Hints) -> Path:
    given = {path.absolute().name: path for path in hints.recipes}
    if wanted.name in given:
        return given[wanted.name]
    raise InputError(
        f"the folder of recipes '{wanted.name}' is not here",
        where="provenance: folders",
        remedy=f"say where it is: --recipes PATH/{wanted.name}",
    )

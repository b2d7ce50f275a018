"""What a plan was asked for, as its provenance tells it: everything decided, no place named."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from packaging.utils import canonicalize_name

from wheelforge import digest
from wheelforge.asked import Asked, Named
from wheelforge.catalog import Catalog
from wheelforge.graph import encoded
from wheelforge.pin import Resolution
from wheelforge.pipeline.options import Options
from wheelforge.plan import Setting
from wheelforge.recipe import Layer
from wheelforge.resolve.request import OFF
from wheelforge.sysroot import Sysroot
from wheelforge.toolchain import Toolchain


def asked_for(
    options: Options,
    library: Catalog,
    resolution: Resolution,
    setting: Setting,
    toolchain: Toolchain,
) -> Asked:
    """The request of a plan: what was typed, and every choice that was made on the way."""
    sources = [source for pin in resolution.pins for source in pin.sources]
    versions = {source.recipe: source.version for source in sources}
    versions |= {pin.name: pin.version for pin in resolution.pins}
    left_out = {canonicalize_name(name): OFF for name in options.pins if options.pins[name] == OFF}
    given = {canonicalize_name(name) for name in options.sources}
    layers = [layer for name in sorted(versions) for layer in library.document(name).layers]
    return Asked(
        requirements=tuple(options.requirements),
        pins=dict(sorted((left_out | versions).items())),
        target=Named(name=setting.target.name, sha256=digest.of_bytes(encoded(setting.target))),
        archspec=setting.target.archspec,
        toolchain=Named(name=toolchain.name, sha256=digest.of_bytes(encoded(toolchain))),
        python=setting.python.series,
        recipes={name: _recipe(library, name) for name in sorted(versions)},
        sysroot=_sysroot(setting.compilers.sysroot),
        overlays=tuple(_folder(path, layers) for path in library.overlays),
        folders=tuple(_folder(path, layers) for path in library.folders[1:]),
        sources={
            item.recipe: item.identity
            for item in sources
            if canonicalize_name(item.recipe) in given
        },
        only=options.only,
        untested=options.untested,
    )


def _sysroot(found: Sysroot | None) -> Named | None:
    """A sysroot that was given by its path is called as its folder is."""
    return Named(name=Path(found.name).name, sha256=found.identity) if found else None


def _recipe(library: Catalog, name: str) -> str:
    return digest.of_value([layer.text for layer in library.document(name).layers])


def _folder(path: Path, layers: Iterable[Layer]) -> Named:
    """What a folder of recipes says of the plan's packages."""
    said = [layer.text for layer in layers if layer.folder == path]
    return Named(name=path.name, sha256=digest.of_value(said))

"""Chosen packages to pins: every source and patch by digest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from wheelforge.errors import InputError, nearest
from wheelforge.pin import SERIES, Pin, PinnedPatch, PinnedSource
from wheelforge.recipe import DebianSource, Document, GitSource, Patch, PathSource, Source
from wheelforge.recipe.conditions import matches
from wheelforge.resolve.choice import Choices, Chosen
from wheelforge.resolve.request import Library
from wheelforge.template import expand


class Pinner:
    """Pins packages. `given` replaces recipes' sources; `tree_digest` reads a folder or file."""

    def __init__(
        self,
        choices: Choices,
        library: Library,
        given: Mapping[str, Path],
        tree_digest: Callable[[Path], str],
    ) -> None:
        self._choices = choices
        self._library = library
        self._given = given
        self._tree_digest = tree_digest

    def pin(self, name: str) -> Pin:
        """The pin of a chosen package, with the sources nested in its tree."""
        chosen = self._choices.packages[name]
        sources = list(self._sources(name, chosen, ""))
        for other, nested in chosen.recipe.nested.items():
            held = self._choices.nested.get(other) or self._choices.packages.get(other)
            if held is not None:
                sources += self._sources(other, held, nested.at)
        return Pin(
            name=name,
            version=chosen.version,
            why=chosen.why,
            recipe=chosen.recipe,
            sources=tuple(sources),
            patches=self._patches(name, chosen) if chosen.recipe.patches else (),
            depends=chosen.depends,
        )

    def _sources(self, name: str, chosen: Chosen, at: str) -> Iterator[PinnedSource]:
        """The source, and the patches that its source package brings, unless it is given."""
        pinned = self._source(name, chosen, at)
        yield pinned
        if isinstance(pinned.source, DebianSource) and pinned.source.patches is not None:
            digests = pinned.source.patches.sha256
            document = self._library.document(name)
            identity = _digest(digests, chosen.version, document, "patches", "sha256")
            place = f"{at}/{SERIES}" if at else SERIES
            yield msgspec.structs.replace(pinned, identity=identity, at=place, series=True)

    def _source(self, name: str, chosen: Chosen, at: str) -> PinnedSource:
        document = self._library.document(name)
        source, version = chosen.recipe.source, chosen.version
        if name in self._given:
            source, identity = self._path(self._given[name].absolute(), f"--source {name}")
        elif isinstance(source, PathSource):
            layers = (layer for layer in reversed(document.layers) if "source" in layer.data)
            folder = next(layers, document.layers[0]).folder
            where = document.where("source", "path")
            path = folder / expand(source.path, {"version": version}, where)
            source, identity = self._path(path, where)
        else:
            source = _filled(source, version, document)
            identity = _identity(source, version, document)
        return PinnedSource(
            recipe=name,
            version=version,
            source=source,
            identity=identity,
            at=at,
            license=chosen.recipe.license,
        )

    def _path(self, path: Path, where: str) -> tuple[PathSource, str]:
        remedy = "give the path of a folder or archive that can be read"
        if not path.exists():
            raise InputError(f"there is no {path}", where=where, remedy=remedy)
        if not (path.is_dir() or path.is_file()):
            raise InputError(f"{path} is a device or pipe", where=where, remedy=remedy)
        try:
            identity = f"tree:{self._tree_digest(path)}"
        except OSError as error:
            raise InputError(
                f"{error.filename} cannot be read: {error.strerror}", where=where, remedy=remedy
            ) from error
        return PathSource(path=str(path)), identity

    def _patches(self, name: str, chosen: Chosen) -> tuple[PinnedPatch, ...]:
        document = self._library.document(name)
        return tuple(
            PinnedPatch(
                file=str(_patch_file(document, number, patch)),
                sha256=patch.sha256,
                strip=patch.strip,
            )
            for number, patch in enumerate(chosen.recipe.patches)
            if matches(chosen.version, patch.versions)
        )


def _filled(source: Source, version: str, document: Document) -> Source:
    values = {"version": version}

    def fill(name: str, text: str) -> str:
        return expand(text, values, lambda: document.where("source", name), paths=())

    changes: dict[str, str | tuple[str, ...]] = {}
    for name in ("url", "tag", "mirrors"):
        value = getattr(source, name, ())
        if isinstance(value, str):
            changes[name] = fill(name, value)
        elif value:
            changes[name] = tuple(fill(name, item) for item in value)
    return msgspec.structs.replace(source, **changes) if changes else source


def _identity(source: Source, version: str, document: Document) -> str:
    if isinstance(source, GitSource):
        return f"git:{source.commit[version]}" if version in source.commit else ""
    return _digest(getattr(source, "sha256", {}), version, document, "sha256")


def _digest(digests: Mapping[str, str], version: str, document: Document, *key: str) -> str:
    if version not in digests:
        name = ".".join(("source", *key))
        raise InputError(
            f"no SHA-256 is recorded for version {version}",
            where=document.where("source", *key),
            remedy=f'add {name}."{version}", or give --source {document.name}=PATH; '
            + nearest(version, digests),
        )
    return f"sha256:{digests[version]}"


def _patch_file(document: Document, number: int, patch: Patch) -> Path:
    file = document.file(patch.file)
    if file is None:
        raise InputError(
            f"there is no patch file '{patch.file}'",
            where=document.where("patches", number, "file"),
            remedy=f"put it into {document.layers[-1].folder}, or correct its name",
        )
    return file

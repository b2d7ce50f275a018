"""What is wrong with a recipe beyond its types: digests, references, missing files, loose pins."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from wheelforge.errors import ForgeError
from wheelforge.recipe.document import NAME, Document
from wheelforge.recipe.model import GitSource, PathSource, Recipe

_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def faults(
    document: Document, known: frozenset[str], file_digest: Callable[[Path], str]
) -> Iterator[str]:
    """Every fault of a recipe and of each of its conditional variants, once, as a message."""
    told: set[str] = set()
    try:
        _ = document.versions
        for recipe in document.variants():
            for fault in _faults(recipe, document, known, file_digest):
                if fault not in told:
                    told.add(fault)
                    yield fault
    except ForgeError as error:
        if str(error) not in told:
            yield str(error)


def _faults(
    recipe: Recipe, document: Document, known: frozenset[str], file_digest: Callable[[Path], str]
) -> Iterator[str]:
    yield from _references(recipe, document, known)
    yield from _digests(recipe, document)
    yield from _places(recipe, document)
    yield from _patches(recipe, document, file_digest)
    if recipe.kind != "source" and recipe.build is None:
        yield f"{document.where()}: a {recipe.kind} needs a [build] table"
    if recipe.kind == "library" and recipe.build is not None and recipe.build.backend == "pep517":
        yield f"{document.where('build.backend')}: pep517 builds wheels, and kind is library"
    if recipe.kind == "wheel" and not recipe.checks:
        yield f"{document.where('kind')}: a wheel needs at least one [[checks]] that proves it"


def _references(recipe: Recipe, document: Document, known: frozenset[str]) -> Iterator[str]:
    for table in ("depends", "companions", "nested"):
        for name in getattr(recipe, table):
            if not NAME.fullmatch(name) or name not in known:
                yield f"{document.where(f'{table}.{name}')}: there is no recipe '{name}'"
            if name == recipe.name:
                yield f"{document.where(f'{table}.{name}')}: it refers to itself"


def _digests(recipe: Recipe, document: Document) -> Iterator[str]:
    match recipe.source:
        case PathSource():
            return
        case GitSource() as source:
            table, known, pattern = "commit", source.commit, _COMMIT
        case source:
            table, known, pattern = "sha256", source.sha256, _SHA256
            for version in document.versions:
                if version not in known:
                    yield f"{document.where('source')}: no SHA-256 for version {version}"
    for version, value in known.items():
        where = document.where(f"source.{table}.{version}")
        if not pattern.fullmatch(value):
            yield f"{where}: '{value}' is not a {table} in lower-case hexadecimal digits"
        if version not in document.versions:
            yield f"{where}: version {version} is not in versions"


def _places(recipe: Recipe, document: Document) -> Iterator[str]:
    places = [(f"nested.{name}.at", item.at) for name, item in recipe.nested.items()]
    places += [("install.keep", item) for item in recipe.install.keep]
    places += [("install.move", item) for item in recipe.install.move.values()]
    for key, place in places:
        if place.startswith("/") or ".." in place.split("/"):
            yield f"{document.where(key)}: '{place}' leads outside the tree"


def _patches(
    recipe: Recipe, document: Document, file_digest: Callable[[Path], str]
) -> Iterator[str]:
    for patch in recipe.patches:
        found = [layer.folder / patch.file for layer in document.layers]
        file = next((path for path in reversed(found) if path.is_file()), None)
        where = document.where("patches")
        if file is None:
            yield f"{where}: there is no patch file '{patch.file}'"
        elif (digest := file_digest(file)) != patch.sha256:
            yield f"{where}: {patch.file} has SHA-256 {digest}, not {patch.sha256}"

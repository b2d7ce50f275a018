"""What is wrong with a recipe beyond what a build would refuse: every fault, not only the first.

References to recipes that do not exist, digests that are missing or left over, patch files, checks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from wheelforge.errors import ForgeError
from wheelforge.recipe.conditions import parse
from wheelforge.recipe.document import Document
from wheelforge.recipe.model import DebianSource, GitSource, PathSource, Recipe
from wheelforge.recipe.values import unknown


def faults(
    document: Document,
    known: frozenset[str],
    file_digest: Callable[[Path], str],
    values: Collection[str] = (),
) -> Iterator[str]:
    """Every fault of a recipe and of each of its conditional variants, once, as a message.

    `known` are all recipes, `values` what every recipe may ask a target for.
    """
    told: set[str] = set()
    try:
        for recipe in document.variants():
            for fault in _faults(recipe, document, known, file_digest):
                if fault not in told:
                    told.add(fault)
                    yield fault
        yield from _conditions(document, known)
        yield from _values(document, values)
    except ForgeError as error:
        yield str(error)


def _faults(
    recipe: Recipe, document: Document, known: frozenset[str], file_digest: Callable[[Path], str]
) -> Iterator[str]:
    yield from _references(recipe, document, known)
    yield from _digests(recipe, document)
    for number, item in enumerate(recipe.external):
        for version in document.versions:
            if item.wanted(version) is None:
                where = document.where("external", number, "version")
                yield f"{where}: nothing is said of version {version}"
    yield from _patches(recipe, document, file_digest)
    if recipe.kind == "wheel" and not recipe.checks:
        yield f"{document.where('kind')}: a wheel needs at least one [[checks]] that proves it"


def _references(recipe: Recipe, document: Document, known: frozenset[str]) -> Iterator[str]:
    for table in ("depends", "companions", "nested"):
        for name in getattr(recipe, table):
            if name not in known:
                yield f"{document.where(table, name)}: there is no recipe '{name}'"
            if name == recipe.name:
                yield f"{document.where(table, name)}: it refers to itself"


def _conditions(document: Document, known: frozenset[str]) -> Iterator[str]:
    texts = {text for layer in document.layers for chain in layer.chains() for text in chain}
    for text in sorted(texts):
        for subject, test in parse(text):
            if subject in {"with", "without"} and test not in known:
                yield f"{document.where()}: condition '{text}': there is no recipe '{test}'"


def _values(document: Document, target: Collection[str]) -> Iterator[str]:
    variants = tuple(document.variants())
    depends = {name for recipe in variants for name in recipe.depends}
    nested = {name for recipe in variants for name in recipe.nested}
    found = {item for recipe in variants for item in unknown(recipe, depends, nested, target)}
    for key, what in sorted(found, key=str):
        yield f"{document.where(*key)}: {what}"


def _digests(recipe: Recipe, document: Document) -> Iterator[str]:
    match recipe.source:
        case PathSource():
            return
        case GitSource(commit=known):
            yield from _left_over(known, document, "source", "commit")
        case source:
            yield from _versioned(source.sha256, document, "source")
            if isinstance(source, DebianSource) and source.patches is not None:
                yield from _versioned(source.patches.sha256, document, "source", "patches")


def _versioned(known: Mapping[str, str], document: Document, *table: str) -> Iterator[str]:
    for version in document.versions:
        if version not in known:
            yield f"{document.where(*table)}: no SHA-256 for version {version}"
    yield from _left_over(known, document, *table, "sha256")


def _left_over(known: Mapping[str, str], document: Document, *table: str) -> Iterator[str]:
    for version in known:
        if version not in document.versions:
            where = document.where(*table, version)
            yield f"{where}: version {version} is not in versions"


def _patches(
    recipe: Recipe, document: Document, file_digest: Callable[[Path], str]
) -> Iterator[str]:
    for number, patch in enumerate(recipe.patches):
        where = document.where("patches", number)
        file = document.file(patch.file)
        if file is None:
            yield f"{where}: there is no patch file '{patch.file}'"
        elif (digest := file_digest(file)) != patch.sha256:
            yield f"{where}: {patch.file} has SHA-256 {digest}, not {patch.sha256}"

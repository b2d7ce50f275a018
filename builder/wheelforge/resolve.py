"""Requirement strings to pins: which version of everything, from which exact source.

A pure decision over recipes: it reads what `Library` and `tree_digest` answer and touches nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from wheelforge.errors import InputError, nearest
from wheelforge.pin import Pin, PinnedPatch, PinnedSource, Resolution
from wheelforge.recipe import Conditions, Document, PathSource, Recipe, Source
from wheelforge.recipe.conditions import matches, ordered
from wheelforge.template import expand

OFF = "off"


class Library(Protocol):
    """Where recipes come from."""

    def document(self, name: str, where: str = "") -> Document:
        """The recipe called `name`; `where` is who asks."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for.

    `requirements` are PEP 508 strings without extras or markers; `pins` fix versions by name
    (`off` leaves a dependency out); `sources` replace a recipe's source by a folder or archive;
    `only` leaves companions out. `conditions` tells target, Python and toolchain.
    """

    requirements: Sequence[str]
    conditions: Conditions
    pins: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, Path] = field(default_factory=dict)
    only: bool = False


@dataclass(frozen=True)
class _Wish:
    """One reason to want a package at certain versions."""

    spec: str
    why: str


class _Conflict(Exception):  # noqa: N818 - control flow within this module, never seen outside
    """A package chosen earlier does not satisfy a later wish: choose again, knowing both."""


def resolve(request: Request, library: Library, tree_digest: Callable[[Path], str]) -> Resolution:
    """Choose the newest version of each package that satisfies everybody, and pin its sources.

    Raises InputError: unknown recipe or version, wishes that exclude each other, a cycle, a source
    without digest, an unknown name in `pins` or `sources`.
    """
    return _Resolver(request, library, tree_digest).run()


class _Resolver:
    def __init__(
        self, request: Request, library: Library, tree_digest: Callable[[Path], str]
    ) -> None:
        self._request = request
        self._library = library
        self._tree_digest = tree_digest
        self._wishes: dict[str, list[_Wish]] = {}
        self._chosen: dict[str, Recipe] = {}
        self._version: dict[str, str] = {}
        self._without = frozenset(n for n, v in request.pins.items() if v == OFF)

    def run(self) -> Resolution:
        for name in [*self._request.pins, *self._request.sources]:
            self._library.document(name, "--pin" if name in self._request.pins else "--source")
        requested = self._requested()
        while True:  # every conflict adds a wish, and wishes are finite
            self._chosen.clear()
            try:
                self._walk(list(requested))
                break
            except _Conflict:
                continue
        order = self._order()
        pins = tuple(self._pin(name) for name in order)
        return Resolution(pins=pins, requested=tuple(n for n in order if n in self._roots))

    def _requested(self) -> list[str]:
        names = []
        for text in self._request.requirements:
            name, spec = _parse(text)
            self._wish(name, spec, f"asked for as '{text}'")
            names.append(name)
        if not names:
            raise InputError("nothing to build was named", remedy="wheelforge recipe list")
        return names

    def _walk(self, queue: list[str]) -> None:
        self._roots = set(queue)
        for name in queue:  # grows while it is walked
            if name in self._chosen:
                continue
            recipe = self._choose(name)
            release = f"{name} {self._version[name]}"
            for other, spec in recipe.depends.items():
                queue += self._wish(other, spec, f"{release} depends on it")
            if name in self._roots and not self._request.only:
                for other, spec in recipe.companions.items():
                    self._roots.add(other)
                    queue += self._wish(other, spec, f"companion of {release}")
            for other, nested in recipe.nested.items():
                self._wish(other, nested.version, f"{release} holds it in {nested.at}")

    def _wish(self, name: str, spec: str, why: str) -> list[str]:
        """Note a wish; the names to look at because of it (none where it is switched off)."""
        if name in self._without:
            return []
        wish = _Wish(spec, why)
        wishes = self._wishes.setdefault(name, [])
        if wish not in wishes:
            wishes.append(wish)
            if name in self._chosen and not matches(self._version[name], spec):
                raise _Conflict
        return [name]

    def _choose(self, name: str) -> Recipe:
        version, document = self._select(name)
        conditions = self._conditions(version)
        recipe = document.evaluate(conditions)
        if recipe.kind == "source" and name in self._roots:
            raise InputError(
                "is only a source that other recipes use; it is not built by itself", where=name
            )
        self._chosen[name] = recipe
        self._version[name] = version
        return recipe

    def _select(self, name: str) -> tuple[str, Document]:
        wishes = self._wishes[name]
        document = self._library.document(name, wishes[0].why)
        pin = self._request.pins.get(name)
        if pin is not None:
            known = {ordered(item): item for item in document.versions}
            if ordered(pin) not in known:
                raise InputError(
                    f"{name} has no version {pin}",
                    where=f"--pin {name}={pin}",
                    remedy=_versions(pin, document.versions),
                )
            candidates: tuple[str, ...] = (known[ordered(pin)],)
        else:
            candidates = document.versions
        for version in candidates:
            if all(matches(version, wish.spec) for wish in wishes):
                return version, document
        raise self._impossible(name, candidates, document)

    def _impossible(self, name: str, candidates: Sequence[str], document: Document) -> InputError:
        wishes = self._wishes[name]
        for wish in wishes:
            if not any(matches(version, wish.spec) for version in candidates):
                return InputError(
                    f"no version of {name} is {wish.spec} ({wish.why})",
                    where=document.where("versions"),
                    remedy=_versions(wish.spec, candidates),
                )
        told = "; ".join(f"{wish.spec or 'any'} ({wish.why})" for wish in wishes)
        return InputError(f"no version of {name} satisfies all of: {told}", where=name)

    def _conditions(self, version: str) -> Conditions:
        known = self._request.conditions
        return Conditions(
            version=version,
            python=known.python,
            target=known.target,
            machine=known.machine,
            toolchain=known.toolchain,
            without=self._without,
        )

    def _depends(self, name: str) -> tuple[str, ...]:
        return tuple(n for n in self._chosen[name].depends if n not in self._without)

    def _order(self) -> list[str]:
        """Dependencies first, otherwise as asked for; iterative, as graphs may be deep."""
        done: dict[str, None] = {}
        for root in self._chosen:
            path: dict[str, list[str]] = {root: list(self._depends(root))}
            while path:
                name = next(reversed(path))
                if name in done or not path[name]:
                    done[name] = None
                    path.popitem()
                    continue
                other = path[name].pop(0)
                if other in path:
                    circle = [*list(path)[list(path).index(other) :], other]
                    raise InputError(
                        "these recipes depend on each other: " + " → ".join(circle),
                        where=self._library.document(name).where(f"depends.{other}"),
                        remedy="remove one of these dependencies",
                    )
                if other not in done:
                    path[other] = list(self._depends(other))
        return list(done)

    def _pin(self, name: str) -> Pin:
        recipe = self._chosen[name]
        version = self._version[name]
        document = self._library.document(name)
        sources = [self._source(name, version, recipe, "")]
        for other, nested in recipe.nested.items():
            if other not in self._without:
                sources.append(self._nested(other, nested.at))
        patches = tuple(
            PinnedPatch(
                file=str(_patch_file(document, patch.file)), sha256=patch.sha256, strip=patch.strip
            )
            for patch in recipe.patches
            if matches(version, patch.versions)
        )
        return Pin(
            name=name,
            version=version,
            why=self._wishes[name][0].why,
            recipe=recipe,
            sources=tuple(sources),
            patches=patches,
            depends=self._depends(name),
        )

    def _nested(self, name: str, at: str) -> PinnedSource:
        version, document = self._select(name)
        return self._source(name, version, document.evaluate(self._conditions(version)), at)

    def _source(self, name: str, version: str, recipe: Recipe, at: str) -> PinnedSource:
        document = self._library.document(name)
        where = document.where("source")
        source: Source = recipe.source
        if name in self._request.sources:
            source = PathSource(path=str(self._request.sources[name].absolute()))
            where = f"--source {name}"
        if isinstance(source, PathSource):
            folder = next(
                item.folder for item in reversed(document.layers) if "source" in item.data
            )
            path = folder / expand(source.path, {"version": version}, where)
            if not path.exists():
                raise InputError(f"there is no {path}", where=where)
            source = PathSource(path=str(path))
            identity = f"tree:{self._tree_digest(path)}"
        else:
            source = _filled(source, version, where)
            identity = _identity(source, version, where)
        return PinnedSource(recipe=name, version=version, source=source, identity=identity, at=at)


def _parse(text: str) -> tuple[str, str]:
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise InputError(
            f"'{text}' is not a requirement", remedy="write it as name or name==1.2.3"
        ) from error
    if requirement.extras or requirement.marker or requirement.url:
        raise InputError(
            "a requirement to build has no extras, markers or address",
            where=text,
            remedy="write it as name or name==1.2.3",
        )
    return canonicalize_name(requirement.name), str(requirement.specifier)


def _filled(source: Source, version: str, where: str) -> Source:
    changes = {
        name: expand(value, {"version": version}, f"{where}.{name}")
        if isinstance(value, str)
        else tuple(expand(item, {"version": version}, f"{where}.{name}") for item in value)
        for name in ("url", "tag", "mirrors")
        if (value := getattr(source, name, None)) is not None
    }
    return msgspec.structs.replace(source, **changes) if changes else source


def _identity(source: Source, version: str, where: str) -> str:
    if (commits := getattr(source, "commit", None)) is not None:
        return f"git:{commits[version]}" if version in commits else ""
    digests: Mapping[str, str] = getattr(source, "sha256", {})
    if version not in digests:
        raise InputError(
            f"no SHA-256 is recorded for version {version}",
            where=where,
            remedy=f'add source.sha256."{version}", or give --source NAME=PATH; '
            + nearest(version, digests),
        )
    return f"sha256:{digests[version]}"


def _patch_file(document: Document, name: str) -> Path:
    for layer in reversed(document.layers):
        if (layer.folder / name).is_file():
            return layer.folder / name
    raise InputError(f"there is no patch file '{name}'", where=document.where("patches"))


def _versions(wanted: str, known: Sequence[str]) -> str:
    bare = wanted.lstrip("=<>!~ ")
    return nearest(bare, known) if bare in known else "known versions: " + ", ".join(known)

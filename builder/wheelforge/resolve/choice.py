"""Which version of each package: the newest, in its recipe's order, that satisfies everybody.

Packages are looked at in the order in which they are met. When one was chosen before a wish came
up that it does not satisfy, everything is chosen again with that wish known from the start; a wish
learned from a version that is no longer chosen does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

from wheelforge.errors import InputError, nearest
from wheelforge.recipe import Conditions, Document, Recipe
from wheelforge.recipe.conditions import matches, ordered
from wheelforge.resolve.request import Library, Request, parsed


class Wish(NamedTuple):
    """A reason to want a package at certain versions; `by` is empty when it is the user's."""

    spec: str
    why: str
    table: str = ""
    by: str = ""
    version: str = ""


class Chosen(NamedTuple):
    """A version of a package, its recipe with all conditions decided, and what it depends on."""

    version: str
    recipe: Recipe
    why: str
    depends: tuple[str, ...]


@dataclass
class Choices:
    """The packages to build, in the order in which they were met, and the nested sources."""

    packages: dict[str, Chosen] = field(default_factory=dict)
    nested: dict[str, Chosen] = field(default_factory=dict)
    roots: dict[str, None] = field(default_factory=dict)


class _Conflict(Exception):  # noqa: N818 - control flow within this module, never seen outside
    """A package chosen earlier does not satisfy a later wish."""

    def __init__(self, name: str, wish: Wish) -> None:
        super().__init__()
        self.learned = (name, wish)


def choose(request: Request, library: Library, more: Sequence[tuple[str, Wish]] = ()) -> Choices:
    """Choose versions; InputError where wishes exclude each other or a recipe is missing.

    `more` are wishes from outside the recipes, for packages that take part anyway.
    """
    learned: dict[tuple[str, Wish], None] = {}
    dropped: set[tuple[str, Wish]] = set()
    while True:  # every round learns a wish, or drops one for the only time: both are finite
        walk = _Walk(request, library, learned, more)
        try:
            walk.go()
        except _Conflict as conflict:
            learned[conflict.learned] = None
            continue
        stale = [item for item in walk.heeded if item not in dropped and not walk.holds(item[1])]
        if not stale:
            return walk.choices
        dropped.update(stale)
        for item in stale:
            del learned[item]


class _Walk:
    """One round: from what was asked for down to the last dependency."""

    def __init__(
        self,
        request: Request,
        library: Library,
        learned: Iterable[tuple[str, Wish]],
        more: Iterable[tuple[str, Wish]],
    ) -> None:
        self.choices = Choices()
        self.heeded: list[tuple[str, Wish]] = []
        self._request = request
        self._library = library
        self._learned: dict[str, list[Wish]] = {}
        for name, wish in learned:
            self._learned.setdefault(name, []).append(wish)
        self._more: dict[str, list[Wish]] = {}
        for name, wish in more:
            self._more.setdefault(name, []).append(wish)
        self._without = request.without
        self._conditions = cache(self._conditions_of)
        self._wishes: dict[str, dict[Wish, None]] = {}

    def go(self) -> None:
        """Choose everything; raises _Conflict."""
        queue = self._requested()
        self.choices.roots = dict.fromkeys(queue)
        for name in queue:  # grows while it is walked
            if name not in self.choices.packages:
                queue += self._visit(name)
        for name in [name for name in self._wishes if name not in self.choices.packages]:
            self.choices.nested[name] = self._choose(name)

    def holds(self, wish: Wish) -> bool:
        """True when the version that has this wish is chosen."""
        chosen = self.choices.packages.get(wish.by)
        return chosen is not None and chosen.version == wish.version

    def _requested(self) -> list[str]:
        names = []
        for text in self._request.requirements:
            name, spec = parsed(text)
            if name in self._without:
                raise InputError(
                    f"{name} is asked for and left out at once",
                    where=f"--pin {name}=off",
                    remedy=f"remove it, or do not ask for {name}",
                )
            self._wish(name, Wish(spec, f"asked for as '{text}'"))
            names.append(name)
        if not names:
            raise InputError(
                "nothing to build was named",
                where="what to build",
                remedy="wheelforge recipe list shows what there is",
            )
        return names

    def _visit(self, name: str) -> list[str]:
        """Choose a package and note what it wishes; the packages to visit because of that."""
        chosen = self._choose(name)
        if chosen.recipe.kind == "source":
            raise InputError(
                f"{name} is only a source that other recipes nest; it is not built by itself",
                where=self._asked(name),
                remedy="ask for a recipe that nests it, or write it under [nested]",
            )
        self.choices.packages[name] = chosen
        version, recipe = chosen.version, chosen.recipe
        release = f"{name} {version}"
        why = f"{release} depends on it"
        for other in chosen.depends:
            self._wish(other, Wish(recipe.depends[other], why, "depends", name, version))
        visits = list(chosen.depends)
        if name in self.choices.roots and not self._request.only:
            why = f"companion of {release}"
            for other, spec in recipe.companions.items():
                if other not in self._without:
                    self.choices.roots[other] = None
                    self._wish(other, Wish(spec, why, "companions", name, version))
                    visits.append(other)
        for other, nested in recipe.nested.items():
            if other not in self._without:
                why = f"{release} holds it in {nested.at}"
                self._wish(other, Wish(nested.version, why, "nested", name, version))
        return visits

    def _wish(self, name: str, wish: Wish) -> None:
        self._wishes.setdefault(name, {})[wish] = None
        chosen = self.choices.packages.get(name)
        if chosen is not None and not matches(chosen.version, wish.spec):
            if wish in self._learned.get(name, ()):  # heeding it was not possible
                raise self._impossible(name, self._document(name))
            raise _Conflict(name, wish)

    def _choose(self, name: str) -> Chosen:
        document = self._document(name)
        version = self._version(name, document)
        recipe = document.evaluate(self._conditions(version))
        depends = tuple(other for other in recipe.depends if other not in self._without)
        return Chosen(version, recipe, next(iter(self._wishes[name])).why, depends)

    def _version(self, name: str, document: Document) -> str:
        wishes = self._all_wishes(name)
        candidates = self._candidates(name, document)
        best = _first(candidates, wishes)
        if best is None:
            raise self._impossible(name, document)
        foreseen = [wish for wish in self._learned.get(name, ()) if self._may_hold(wish)]
        better = _first(candidates, [*wishes, *foreseen]) if foreseen else None
        if better is None or better == best:
            return best
        self.heeded += [(name, wish) for wish in foreseen]
        return better

    def _conditions_of(self, version: str) -> Conditions:
        return replace(self._request.conditions, version=version, without=self._without)

    def _all_wishes(self, name: str) -> list[Wish]:
        return [*self._wishes[name], *self._more.get(name, ())]

    def _may_hold(self, wish: Wish) -> bool:
        return wish.by not in self.choices.packages or self.holds(wish)

    def _candidates(self, name: str, document: Document) -> Sequence[str]:
        pin = self._request.pins.get(name)
        if pin is None:
            return document.versions
        where = f"--pin {name}={pin}"
        known = {ordered(item): item for item in document.versions}
        try:
            wanted = ordered(pin)
        except InputError as error:
            error.where = where
            raise
        if wanted not in known:
            raise InputError(
                f"{name} has no version {pin}", where=where, remedy=_known(document.versions)
            )
        return (known[wanted],)

    def _document(self, name: str) -> Document:
        try:
            return self._library.document(name)
        except InputError as error:
            error.where = error.where or self._asked(name)
            raise

    def _asked(self, name: str) -> str:
        """Where the first wish for a package was made."""
        wish = next(iter(self._wishes[name]))
        return self._library.document(wish.by).where(wish.table, name) if wish.by else wish.why

    def _impossible(self, name: str, document: Document) -> InputError:
        candidates = self._candidates(name, document)
        pinned = name in self._request.pins
        remedy = f"remove --pin {name}={candidates[0]}" if pinned else _known(candidates)
        where = f"--pin {name}={candidates[0]}" if pinned else document.where("versions")
        for wish in self._all_wishes(name):
            if not any(matches(version, wish.spec) for version in candidates):
                what = f"no version of {name} is {wish.spec} ({wish.why})"
                if not wish.by and not pinned:
                    bare = wish.spec.lstrip("=<>!~ ")
                    remedy = f"{nearest(bare, candidates)}; {remedy}"
                return InputError(what, where=where, remedy=remedy)
        told = "; ".join(f"{wish.spec or 'any'} ({wish.why})" for wish in self._all_wishes(name))
        return InputError(
            f"no version of {name} satisfies all of: {told}", where=where, remedy=remedy
        )


def _first(versions: Sequence[str], wishes: Sequence[Wish]) -> str | None:
    return next((v for v in versions if all(matches(v, wish.spec) for wish in wishes)), None)


def _known(versions: Sequence[str]) -> str:
    return "known versions: " + ", ".join(versions)

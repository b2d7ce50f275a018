"""What the recipes allow: code behind a choice at run time, named by symbol."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from wheelforge.isa import COMPILER, Permit
from wheelforge.recipe import Conditions, GitSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wheelforge.audit.inputs import Subject
    from wheelforge.catalog import Catalog
    from wheelforge.recipe import Recipe
    from wheelforge.target import Target


@dataclass(frozen=True)
class Permits:
    """All recipes as far as an audit wants to know them; `named` holds for every library."""

    recipes: tuple[Recipe, ...]
    named: str = ""

    def of(self, subject: Subject) -> tuple[Permit, ...]:
        """The permits that hold for a library: by its file's name, else by the wheel it is in."""
        file = PurePath(subject.name).name
        chosen = [item for item in self.recipes if _matches(file, item.audit.libraries)]
        chosen = chosen or [item for item in self.recipes if _is_of(subject, item)]
        chosen += [item for item in self.recipes if item.name == self.named and item not in chosen]
        return (COMPILER, *(self._permits[item.name] for item in chosen))

    @cached_property
    def commits(self) -> dict[str, str]:
        """What recorded commits are: `onednn 3.5.3`."""
        return {
            commit: f"{item.name} {version}"
            for item in self.recipes
            if isinstance(item.source, GitSource)
            for version, commit in item.source.commit.items()
        }

    @cached_property
    def _permits(self) -> dict[str, Permit]:
        return {item.name: Permit(item.name, item.audit.dispatch) for item in self.recipes}


def read_permits(catalog: Catalog, target: Target | None, named: str = "") -> Permits:
    """Read every recipe's newest version; InputError where there is none called `named`."""
    if named:
        catalog.document(named, f"--recipe {named}")
    return Permits(tuple(_recipes(catalog, target)), named)


def _recipes(catalog: Catalog, target: Target | None) -> Iterator[Recipe]:
    for name in sorted(catalog.files):
        document = catalog.document(name)
        yield document.evaluate(
            Conditions(
                version=document.versions[0],
                python="3",
                target=target.words if target is not None else frozenset(),
                machine=target.machine if target is not None else "",
            )
        )


def _matches(file: str, globs: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(file, glob) for glob in globs)


def _is_of(subject: Subject, recipe: Recipe) -> bool:
    name = recipe.distribution or recipe.name
    return recipe.kind == "wheel" and subject.distribution == canonicalize_name(name)

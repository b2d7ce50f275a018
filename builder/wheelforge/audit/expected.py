"""What recipes, the target and the other wheels given let expect of a wheel."""

from __future__ import annotations

import zipfile
from collections import defaultdict
from posixpath import basename
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from wheelforge import wheel
from wheelforge.audit.asked import Asked
from wheelforge.errors import InputError
from wheelforge.recipe import Conditions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from wheelforge.audit.permits import Permits
    from wheelforge.catalog import Catalog
    from wheelforge.recipe import Recipe
    from wheelforge.target import Target


class Expected:
    """Says for each wheel what it is judged against; `wheels` are all that are looked at."""

    def __init__(
        self, catalog: Catalog, permits: Permits, target: Target | None, wheels: Iterable[Path]
    ) -> None:
        self._catalog = catalog
        self._target = target
        self._recipes = {item.name: item for item in permits.recipes}
        self._beside = libraries(wheels)

    def of(self, path: Path) -> Asked:
        """For a wheel by its file name."""
        project, version, _ = wheel.parse_name(path.name)
        own = [item for item in self._recipes.values()
               if item.kind == "wheel" and _project(item) == project]  # fmt: skip
        providers = [item for item in self._recipes.values() if item.companions]
        return Asked(
            page_size=self._target.page_size if self._target is not None else 0,
            companions={
                _project(item): tuple(self._versions(item, name, version))
                for item in providers
                for name in item.companions
                if name in self._recipes and _project(self._recipes[name]) == project
            },
            providers=frozenset(map(_project, providers)),
            excluded=tuple(glob for item in own for glob in item.repair.exclude),
            accepted=frozenset(rule for item in own for rule in item.audit.accept),
            beside={name: found for name, found in self._beside.items() if name != project},
        )

    def _versions(self, provider: Recipe, name: str, version: str) -> Iterator[str]:
        """The versions of a provider whose companion this version is; none are known of others."""
        document = self._catalog.document(provider.name)
        for other in document.versions:
            conditions = Conditions(
                version=other,
                python="3",
                target=self._target.words if self._target is not None else frozenset(),
                machine=self._target.machine if self._target is not None else "",
            )
            text = document.evaluate(conditions).companions.get(name)
            if text is not None and SpecifierSet(text).contains(version, prereleases=True):
                yield other


def libraries(wheels: Iterable[Path]) -> dict[str, frozenset[str]]:
    """The names of the shared libraries in wheels, by project; what is no wheel is passed over."""
    found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for path in wheels:
        try:
            project = wheel.parse_name(path.name)[0]
            with wheel.opened(path) as file:
                found[project] |= frozenset(_names(file))
        except (InputError, OSError):  # who looks at it says so
            continue
    return dict(found)


def _names(file: zipfile.ZipFile) -> Iterator[str]:
    return (basename(name) for name in file.namelist() if ".so" in basename(name))


def _project(recipe: Recipe) -> str:
    return canonicalize_name(recipe.distribution or recipe.name)

"""What resolve decided: for every package one version, with every source and patch by digest."""

from __future__ import annotations

import msgspec

from wheelforge.recipe import DebianSource, Recipe, Source

SERIES = "debian"  # the folder Debian's packaging is in


class PinnedSource(msgspec.Struct, frozen=True, kw_only=True, tag="source"):
    """One source of a package.

    `source` has its version filled in. `identity` is what it must be: `sha256:…` of an archive,
    `git:…` a commit, `tree:…` a folder's digest; empty where only fetching can tell. `at` is its
    place below the package's source tree, empty for the tree itself. A `series` is the folder
    debian of a source package, whose patches are applied to the folder it is placed in. `license`
    is its recipe's.
    """

    recipe: str
    version: str
    source: Source
    identity: str
    at: str = ""
    series: bool = False
    license: str = ""

    @property
    def nested(self) -> bool:
        """Whether it is the source of another recipe, or belongs to one."""
        return bool(self.at) and not (self.series and self.at == SERIES)

    @property
    def without(self) -> tuple[str, ...]:
        """The patches of a series that are not applied."""
        patches = self.source.patches if isinstance(self.source, DebianSource) else None
        return patches.without if self.series and patches is not None else ()


class PinnedPatch(msgspec.Struct, frozen=True, kw_only=True):
    """A patch that applies to this version; `file` is absolute, `strip` leading folders go."""

    file: str
    sha256: str
    strip: int


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """One package of the run: its recipe with all conditions decided, and what it needs."""

    name: str
    version: str
    why: str
    recipe: Recipe
    sources: tuple[PinnedSource, ...]
    patches: tuple[PinnedPatch, ...]
    depends: tuple[str, ...]


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """All packages of a run, dependencies first; `requested` are those the user named."""

    pins: tuple[Pin, ...]
    requested: tuple[str, ...]

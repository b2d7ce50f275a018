"""What the user asked for, and the places a run works in."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wheelforge import digest
from wheelforge.errors import InputError
from wheelforge.fetch import Sources
from wheelforge.store import Store


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user typed, for every verb that plans."""

    requirements: Sequence[str]
    target: str = "native"
    toolchain: str = "native"
    sysroot: str = ""
    python: str = ""
    pins: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, Path] = field(default_factory=dict)
    overlays: Sequence[str] = ()
    recipes: Sequence[Path] = ()
    only: bool = False
    untested: bool = False
    offline: bool = False
    bundle: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Home:
    """The places and stores below WHEELFORGE_HOME."""

    root: Path
    store: Store
    sources: Sources
    memo: digest.Memo

    @classmethod
    def open(cls, *, offline: bool = False) -> Home:
        """WHEELFORGE_HOME, or `wheelforge` in the XDG cache folder; nothing is created yet."""
        root = Path(os.environ.get("WHEELFORGE_HOME") or _cache()).absolute()
        return cls(
            root=root,
            store=Store(root / "store"),
            sources=Sources(root / "sources", offline=offline),
            memo=digest.Memo(root / "digests.json"),
        )


def _cache() -> Path:
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given, "wheelforge")
    try:
        return Path.home() / ".cache/wheelforge"
    except RuntimeError as error:  # a user id without an entry in passwd, as in containers
        raise InputError(
            "the home folder of this user is not known",
            where="HOME",
            remedy="set HOME, or WHEELFORGE_HOME to a folder with room",
        ) from error


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How a run may use the machine: jobs, bytes of memory; 0 means as much as there is.

    `ccache` puts the compiler cache in front of the gate.
    """

    jobs: int = 0
    memory: int = 0
    fail_fast: bool = False
    ccache: bool = False

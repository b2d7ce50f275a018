"""Finds how a package was built."""

from __future__ import annotations

from pathlib import Path

from wheelforge.errors import InputError, nearest
from wheelforge.store.store import Store


def proof_of(store: Store, name: str) -> Path:
    """The evidence of a package's newest result, or of the one whose key begins so."""
    made = [entry for entry in store.entries() if entry.manifest.step.startswith("build:")]
    meant = [item for item in made if item.manifest.name == name]
    meant = meant or [item for item in made if name and item.manifest.key.startswith(name)]
    if not meant:
        raise InputError(
            f"nothing called '{name}' was built here",
            where=str(store.root),
            remedy=nearest(name, {item.manifest.name for item in made}),
        )
    newest = max(meant, key=lambda item: item.manifest.created)
    if newest.evidence is None:
        raise InputError(
            "no evidence was kept when it was built",
            where=str(newest.path),
            remedy=f"to build it again: rm -r {newest.path}, and the same command",
        )
    return newest.evidence

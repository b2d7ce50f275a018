"""Requirement strings to pins: which version of everything, from which exact source.

A pure decision over recipes: it reads what `Library` and `tree_digest` answer and touches nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from wheelforge.errors import InputError
from wheelforge.pin import Resolution
from wheelforge.resolve.agreement import agree
from wheelforge.resolve.order import in_order
from wheelforge.resolve.request import OFF, Library, Request, normal
from wheelforge.resolve.sources import Pinner

__all__ = ["OFF", "Library", "Request", "resolve"]


def resolve(request: Request, library: Library, tree_digest: Callable[[Path], str]) -> Resolution:
    """Choose the newest version of each package that satisfies everybody, and pin its sources.

    Raises InputError: unknown recipe or version, wishes that exclude each other, a combination that
    the compatibility table refuses, a cycle, a source without digest, an unknown name in `pins` or
    `sources`.
    """
    request = normal(request)
    for name in request.pins:
        library.document(name, f"--pin {name}")
    for name in request.sources:
        library.document(name, f"--source {name}")
    choices = agree(request, library)
    for name, version in request.pins.items():
        if version != OFF and name not in choices.packages and name not in choices.nested:
            raise InputError(
                f"{name} takes no part in this build for {request.conditions.machine}",
                where=f"--pin {name}={version}",
                remedy="leave the option out, or name the target it is for with --target",
            )
    pinner = Pinner(choices, library, request.sources, cache(tree_digest))
    names = in_order(choices, library)
    return Resolution(
        pins=tuple(pinner.pin(name) for name in names),
        requested=tuple(name for name in names if name in choices.roots),
    )

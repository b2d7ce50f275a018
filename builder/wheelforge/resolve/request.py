"""What the user asked for, and where recipes come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from wheelforge.compatibility import Row
from wheelforge.errors import InputError
from wheelforge.recipe import Conditions, Document, External
from wheelforge.recipe.rules import NAME

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
    `only` leaves companions out. `conditions` tells target, Python and toolchain, `compilers` the
    versions of compiler families and glibc. `rows` are the compatibility table; with `untested`
    combinations that were never tried pass. `external` tells the version of software that is not
    built here, or "" where it is missing.
    """

    requirements: Sequence[str]
    conditions: Conditions
    pins: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, Path] = field(default_factory=dict)
    only: bool = False
    compilers: Mapping[str, str] = field(default_factory=dict)
    rows: Sequence[Row] = ()
    untested: bool = False
    external: Callable[[External], str] = lambda _: ""

    @property
    def without(self) -> frozenset[str]:
        """What is left out."""
        return frozenset(name for name, version in self.pins.items() if version == OFF)


def normal(request: Request) -> Request:
    """The request with the names of pins and sources as recipes write them (PyTorch: pytorch)."""
    return replace(
        request,
        pins={_name(name): value for name, value in request.pins.items()},
        sources={_name(name): path for name, path in request.sources.items()},
    )


def _name(text: str) -> str:
    name = canonicalize_name(text)
    return name if NAME.fullmatch(name) else text  # messages tell what was typed


def parsed(text: str) -> tuple[str, str]:
    """A requirement string as (name, specifier)."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise InputError(
            f"'{text}' is not a requirement",
            where="what to build",
            remedy="write it as name or name==1.2.3",
        ) from error
    if requirement.extras or requirement.marker or requirement.url:
        raise InputError(
            "a requirement to build has no extras, markers or address",
            where=text,
            remedy="write it as name or name==1.2.3",
        )
    return canonicalize_name(requirement.name), str(requirement.specifier)

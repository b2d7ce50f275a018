"""Which projects a set of requirements needs for one Python, by its own markers.

pip evaluates markers for the Python it runs on; for another one they have to be looked at here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from wheelforge import requirement as requirements
from wheelforge.errors import InputError
from wheelforge.untrusted import named

if TYPE_CHECKING:
    from wheelforge.graph import WheelSet


class Known(NamedTuple):
    """A distribution that could serve: its version and its own requirements."""

    version: str
    requires: tuple[str, ...]


Look: TypeAlias = Callable[[str], Known | None]


class Closure(NamedTuple):
    """The projects needed (normalized names), and the requirements nothing serves."""

    names: tuple[str, ...]
    missing: tuple[str, ...]


def environment(wanted: WheelSet) -> dict[str, str]:
    """The markers' variables for a CPython on Linux (PEP 508)."""
    machine = wanted.platform.removeprefix("linux_")
    return {
        "implementation_name": "cpython",
        "implementation_version": wanted.python,
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": wanted.python,
        "python_version": ".".join(wanted.python.split(".")[:2]),
        "sys_platform": "linux",
    }


def walk(wanted: WheelSet, look: Look) -> Closure:
    """Follow the requirements through `look`, which knows distributions by normalized name."""
    variables = environment(wanted)
    names: dict[str, None] = {}
    missing: dict[str, None] = {}
    done: set[tuple[str, frozenset[str]]] = set()
    queue = [(line, frozenset[str]()) for line in wanted.requires]
    while queue:
        line, extras = queue.pop()
        requirement = parse(line)
        if not _applies(requirement, variables, extras):
            continue
        name = canonicalize_name(requirement.name)
        known = look(name)
        fits = known and requirement.specifier.contains(known.version, prereleases=True)
        if known is None or not fits:
            requirement.marker = None
            missing[str(requirement)] = None
        elif (visit := (name, frozenset(requirement.extras))) not in done:
            done.add(visit)
            names[name] = None
            queue += [(line, frozenset(requirement.extras)) for line in known.requires]
    return Closure(tuple(sorted(names)), tuple(sorted(missing)))


def parse(line: str) -> Requirement:
    """A requirement as written in a recipe or in a distribution's metadata."""
    remedy = "write it as 'setuptools==80.9.0'"
    try:
        requirement = requirements.parsed(line)
    except InvalidRequirement as error:
        what = f"'{named(line)}' is not a requirement: {error}"
        raise InputError(what, where="build.requires", remedy=remedy) from error
    if requirement.url:
        what = f"'{named(line)}' names an address; only versions can be pinned"
        raise InputError(what, where="build.requires", remedy=remedy)
    return requirement


def _applies(requirement: Requirement, variables: dict[str, str], extras: frozenset[str]) -> bool:
    try:
        return any(
            requirements.applies(requirement, {**variables, "extra": extra})
            for extra in extras or {""}
        )
    except InvalidRequirement as error:
        what = f"the marker of '{named(str(requirement))}' means nothing: {error}"
        raise InputError(what, where="build.requires", remedy="pin another version") from error

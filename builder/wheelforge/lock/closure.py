"""Whether wheels belong together: nothing is missing, nothing is there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from wheelforge import wheel
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from packaging.requirements import Requirement

    from wheelforge.interpreter import Interpreter

_SCHEMES = {"purelib": "", "platlib": "", "scripts": "<prefix>/bin/", "data": "<prefix>/"}


def missing(wheels: Sequence[Path], python: Interpreter) -> tuple[str, ...]:
    """What the wheels require on `python` and none of them is, as requirements without markers.

    Extras count where one of the wheels asks for them. InputError when a wheel requires another
    version of one that is here.
    """
    known = {facts.name: facts for facts in map(wheel.read, wheels)}
    environment = _environment(python)
    todo = [(name, "") for name in known]
    seen, absent = set(todo), set[str]()
    while todo:
        name, extra = todo.pop()
        for requirement in _requires(known[name], {**environment, "extra": extra}):
            wanted = known.get(canonicalize_name(requirement.name))
            if wanted is None:
                absent.add(_plain(requirement))
                continue
            _demand_fit(known[name], requirement, wanted)
            new = {(wanted.name, canonicalize_name(x)) for x in requirement.extras} - seen
            seen |= new
            todo += new
    return tuple(sorted(absent))


def _requires(facts: wheel.WheelFacts, environment: Mapping[str, str]) -> Iterator[Requirement]:
    from packaging.requirements import InvalidRequirement, Requirement

    for text in facts.requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            message = f"its METADATA requires what cannot be read: '{text}'"
            raise InputError(message, where=f"{facts.name} {facts.version}") from error
        if requirement.marker is None or requirement.marker.evaluate(environment):
            yield requirement


def _demand_fit(
    facts: wheel.WheelFacts, requirement: Requirement, wanted: wheel.WheelFacts
) -> None:
    # a wheel built from an untagged commit is a pre-release (2.5.0a0+git…) and still meant
    if requirement.specifier.contains(wanted.version, prereleases=True):
        return
    raise InputError(
        f"requires {_plain(requirement)}, but the wheel here is {wanted.name} {wanted.version}",
        where=f"{facts.name} {facts.version}",
        remedy=f"pin a version of {facts.name} or of {wanted.name} so that they fit",
    )


def _plain(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    source = f" @ {requirement.url}" if requirement.url else str(requirement.specifier)
    return f"{requirement.name}{extras}{source}"


def _environment(python: Interpreter) -> dict[str, str]:
    return {
        "implementation_name": "cpython",
        "implementation_version": python.version,
        "os_name": "posix",
        "platform_machine": python.platform.removeprefix("linux")[1:],
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": python.version,
        "python_version": python.series,
        "sys_platform": "linux",
    }


def collisions(wheels: Sequence[Path]) -> None:
    """InputError when two projects' wheels install the same file, even with the same content:

    installing both works, but uninstalling or upgrading either would break the other.
    """
    owners: dict[str, wheel.WheelFacts] = {}
    for facts in sorted(map(wheel.read, wheels)):
        for path in filter(None, map(_installed, facts.files)):
            owner = owners.setdefault(path, facts)
            if owner.name != facts.name:
                raise InputError(
                    f"{owner.name} {owner.version} and {facts.name} {facts.version} "
                    f"both install {path}",
                    where=path,
                    remedy="leave one of them out, or patch the file out of one",
                )


def _installed(path: str) -> str:
    """Where a wheel's file goes below site-packages or the prefix; empty for its own metadata."""
    first, _, rest = path.partition("/")
    if first.endswith(".dist-info"):
        return ""
    scheme, _, inside = rest.partition("/")
    if first.endswith(".data") and scheme in _SCHEMES:
        return _SCHEMES[scheme] + inside
    return path

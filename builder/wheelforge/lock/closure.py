"""Whether wheels belong together: nothing is missing, nothing is there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from wheelforge import requirement, wheel
from wheelforge.errors import InputError
from wheelforge.untrusted import named

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
        for required in _requires(known[name], {**environment, "extra": extra}):
            wanted = known.get(canonicalize_name(required.name))
            if wanted is None:
                absent.add(_plain(required))
                continue
            _demand_fit(known[name], required, wanted)
            new = {(wanted.name, canonicalize_name(x)) for x in required.extras} - seen
            seen |= new
            todo += new
    return tuple(sorted(absent))


def _requires(facts: wheel.WheelFacts, environment: Mapping[str, str]) -> Iterator[Requirement]:
    from packaging.requirements import InvalidRequirement

    for text in facts.requires:
        try:
            wanted = requirement.parsed(text)
            applies = requirement.applies(wanted, environment)
        except InvalidRequirement as error:
            message = f"its METADATA requires what cannot be read: '{named(text)}'"
            where = f"{facts.name} {facts.version}"
            raise InputError(message, where=where, remedy="take another release") from error
        if applies:
            yield wanted


def _demand_fit(facts: wheel.WheelFacts, required: Requirement, wanted: wheel.WheelFacts) -> None:
    # a wheel built from an untagged commit is a pre-release (2.5.0a0+git…) and still meant
    if required.specifier.contains(wanted.version, prereleases=True):
        return
    raise InputError(
        f"requires {_plain(required)}, but the wheel here is {wanted.name} {wanted.version}",
        where=f"{facts.name} {facts.version}",
        remedy=f"pin a version of {facts.name} or of {wanted.name} so that they fit",
    )


def _plain(required: Requirement) -> str:
    extras = f"[{','.join(sorted(required.extras))}]" if required.extras else ""
    source = f" @ {required.url}" if required.url else str(required.specifier)
    return f"{required.name}{extras}{source}"


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

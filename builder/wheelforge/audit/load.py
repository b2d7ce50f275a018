"""Whether the loader finds what a wheel's libraries need, and nowhere but in the wheel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from wheelforge.audit.loader import elsewhere
from wheelforge.audit.requirements import required
from wheelforge.audit.rules import found
from wheelforge.audit.runtimes import grafted
from wheelforge.untrusted import named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wheelforge.audit.asked import Asked
    from wheelforge.audit.contents import Contents
    from wheelforge.audit.findings import Finding
    from wheelforge.audit.loader import Miss, Scope
    from wheelforge.audit.objects import Object

_ORIGIN = re.compile(r"\$(?:ORIGIN|\{ORIGIN\})(?:/.*)?")
_LIBPYTHON = re.compile(r"libpython\d[\w.]*\.so[\d.]*")


def judge(wheel: Contents, asked: Asked, scopes: Sequence[Scope]) -> Iterator[Finding]:
    """Search paths, libraries that are needed."""
    for item in wheel.objects:
        yield from _named(item)
    told: dict[tuple[str, str, str], list[str]] = {}
    for miss in {
        (miss.by.path, miss.name): miss for item in scopes for miss in item.missed
    }.values():
        if "/" not in miss.name and not _LIBPYTHON.fullmatch(miss.name):
            rule, whence = _missing(wheel, asked, miss)
            told.setdefault((miss.by.path, rule, whence), []).append(miss.name)
    for (path, rule, whence), names in told.items():
        if rule:
            yield found(rule, f"needs {', '.join(names)}, {whence}", path)


def _named(item: Object) -> Iterator[Finding]:
    """What is wrong with the names themselves."""
    entries = [*item.loading.rpath, *item.loading.runpath]
    wrong = [entry for entry in entries if not _ORIGIN.fullmatch(entry)]
    wrong += [name for name in item.loading.needed if "/" in name]
    if wrong:
        shown = ", ".join(f"'{named(entry)}'" for entry in wrong)
        yield found("load.path", f"its search path or needs hold {shown}", item.path)
    for name in item.loading.needed:
        if _LIBPYTHON.fullmatch(name):
            yield found("load.python", f"needs {name}", item.path)


def _missing(wheel: Contents, asked: Asked, miss: Miss) -> tuple[str, str]:
    """The rule and what it says; none where the library is in a wheel that was given too."""
    requirements = [canonicalize_name(item.name) for item in required(wheel)]
    if any(miss.name in asked.beside.get(name, ()) for name in requirements):
        return "", ""
    inside = elsewhere(wheel.objects, miss.name)
    if inside is not None:
        return "load.missing", f"which is {inside.path}, but no search path leads there"
    known = {*asked.companions, *asked.providers}
    others = [name for name in requirements if name in known and name not in asked.beside]
    packed = {item.place.partition("/")[0] for item in wheel.objects}
    outside = [folder for folder in miss.outside if folder.partition("/")[0] not in packed]
    if not grafted(miss.name) and (others or (requirements and outside)):
        whence = f"from {' or '.join(others)}" if others else f"in {' or '.join(outside)}"
        return "load.companion", f"to be found {whence}"
    return "load.missing", "which is found nowhere"

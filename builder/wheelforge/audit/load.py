"""Whether the loader finds what a wheel's libraries need, and nowhere but in the wheel."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

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
    known = _Known(wheel, asked)
    told: dict[tuple[str, str, str], list[str]] = {}
    for miss in {
        (miss.by.path, miss.name): miss for item in scopes for miss in item.missed
    }.values():
        if "/" not in miss.name and not _LIBPYTHON.fullmatch(miss.name):
            rule, whence = known.judge(miss)
            told.setdefault((miss.by.path, rule, whence), []).append(miss.name)
    for (path, rule, whence), names in told.items():
        if rule:
            yield found(rule, f"needs {', '.join(map(named, names))}, {whence}", path)


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


class _Known:
    """Where libraries may come from that the loader does not find in the wheel."""

    def __init__(self, wheel: Contents, asked: Asked) -> None:
        requirements = [canonicalize_name(item.name) for item in required(wheel)]
        known = {*asked.companions, *asked.providers} - asked.beside.keys()
        self._excluded = asked.excluded
        self._requires = bool(requirements)
        self._others = " or ".join(dict.fromkeys(item for item in requirements if item in known))
        given = (asked.beside.get(name, frozenset()) for name in requirements)
        self._beside: frozenset[str] = frozenset().union(*given)
        self._inside = {item.loading.soname: item.path for item in wheel.objects}
        self._inside |= {item.name: item.path for item in wheel.objects}
        self._packed = {item.place.partition("/")[0] for item in wheel.objects}

    def judge(self, miss: Miss) -> tuple[str, str]:
        """The rule and what it says; none where the library is in a wheel that was given too."""
        if miss.name in self._beside:
            return "", ""
        if any(fnmatch.fnmatchcase(miss.name, glob) for glob in self._excluded):
            return "load.site", "which its recipe leaves out"
        if miss.name in self._inside:
            inside = self._inside[miss.name]
            return "load.unreached", f"which is {inside}"
        outside = [item for item in miss.outside if item.partition("/")[0] not in self._packed]
        if self._others and not grafted(miss.name):
            return "load.companion", f"to be found from {self._others}"
        if self._requires and outside and not grafted(miss.name):
            return "load.companion", f"to be found in {named(' or '.join(outside))}"
        return "load.missing", "which is found nowhere"

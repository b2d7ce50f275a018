"""Whether every symbol that a wheel's libraries use is defined where they are loaded."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from wheelforge.audit.rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wheelforge.audit.findings import Finding
    from wheelforge.audit.loader import Scope
    from wheelforge.audit.objects import Object

_OF_PYTHON = re.compile(r"_?Py[A-Z_]\w*")  # the program that loads the module has them
# all of whose symbols have versions, which the linker notes: one without was not found there
_VERSIONED = re.compile(
    r"(?:libc|libm|libpthread|libdl|librt|libutil|libstdc\+\+|libgcc_s|ld-linux-[\w-]+)\.so\.\d+"
)
_LIBC = "libc.so.6"
_NAMED = 3


def judge(scopes: Sequence[Scope]) -> Iterator[Finding]:
    """Symbols, and versions of the libraries in the wheel."""
    told: set[tuple[str, str]] = set()
    for scope in scopes:
        # of what comes from elsewhere nothing is known, musl's C library among it
        if not scope.missed and all(map(_VERSIONED.fullmatch, scope.system)):
            for item in scope.loaded:
                if ("symbols", item.path) not in told:
                    told.add(("symbols", item.path))
                    yield from _symbols(item, scope)
        for item in scope.loaded:
            if ("versions", item.path) not in told:
                told.add(("versions", item.path))
                yield from _versions(item, scope)


def _symbols(item: Object, scope: Scope) -> Iterator[Finding]:
    """What has no version, where the item itself names every system library that is there."""
    if not scope.system <= set(item.loading.needed) or _LIBC not in item.loading.needed:
        return
    lacking = (
        want.name
        for want in item.symbols.wanted
        if want.version is None
        and not _OF_PYTHON.fullmatch(want.name)
        and not any(want.name.encode() in other.symbols.given for other in scope.loaded)
    )
    names = list(islice(lacking, 1000))
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        shown = ", ".join(names[:_NAMED])
        yield found("load.undefined", f"nothing defines {shown}{more}", item.path)


def _versions(item: Object, scope: Scope) -> Iterator[Finding]:
    named = {other.name: other for other in scope.loaded}
    named |= {other.loading.soname: other for other in scope.loaded if other.loading.soname}
    for version in item.symbols.versions:
        other = named.get(version.library)
        if other is None or version.weak or not other.symbols.offered:
            continue
        if version.name not in other.symbols.offered:
            yield found(
                "load.version",
                f"asks for {version.name} of {other.path}, which lacks it",
                item.path,
            )

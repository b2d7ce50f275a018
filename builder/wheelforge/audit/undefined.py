"""Whether every symbol that a wheel's libraries use is defined where they are loaded."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from wheelforge.audit.rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wheelforge.audit.findings import Finding
    from wheelforge.audit.loader import Scope
    from wheelforge.audit.objects import Object

_OF_PYTHON = re.compile(r"_?Py[A-Z_]\w*")  # the program that loads the module has them
# what the system's libraries define, as far as it may be asked for without a version: the linker
# notes the version of what it finds, so of those that have versions only libraries not named to it
_MATH = (
    "acosh?|asinh?|atan[2h]?|cbrt|ceil|copysign|cosh?|drem|erfc?|exp(?:2|10|m1)?|fabs|fdim|floor"
    "|fma|fmax|fmin|fmod|frexp|gamma|hypot|ilogb|isinf|isnan|finite|j[01n]|ldexp|lgamma(?:_r)?"
    "|ll?rint|ll?round|log(?:2|10|1p|b)?|modf|nan|nearbyint|nextafter|nexttoward|pow|remainder"
    "|remquo|rint|round|roundeven|scalb(?:l?n)?|significand|sincos|sinh?|sqrt|tanh?|tgamma|trunc"
    "|y[01n]|c(?:abs|arg|imag|real|conj|proj|exp|log|pow|sqrt|a?(?:sin|cos|tan)h?)"
)
_VERSIONED = {
    "libc": r"_{0,2}[a-z][a-z\d_]*[a-z\d]",
    "libm": rf"(?:{_MATH})[fl]?|fe[a-z]+|__\w+_finite",
    "libpthread": r"_*(?:pthread|sem)_\w+",
    "libdl": r"dl\w+",
    "librt": r"(?:shm|clock|timer|aio|mq|lio)_?\w+",
    "libutil": r"openpty|forkpty|login(?:_tty)?|logout|logwtmp",
    "libresolv": r"_*(?:res|ns|dn)_\w+",
    "libnsl": r"(?:nis|yp|xdr)_\w+",
    "libanl": r"gai_\w+|getaddrinfo_a",
    "libstdc++": r"_Z(?:N?K?|T[VISTC]N?|GVN?|ZN?)(?:S[tsaiod]|9__gnu_cxx|10__cxxabiv1)\w*"
    r"|_Z(?:nw|na|dl|da)\w+|__(?:cxa|gxx)_\w+|__dynamic_cast",
    "libgcc_s": r"_Unwind_\w+|__\w+",
    "ld-linux": r"__(?:tls|libc|nptl|rtld|stack)_\w+|_(?:dl|rtld|r)_\w+",
}
_PLAIN = {
    "libz": r"z?(?:inflate|deflate|crc32|adler32|gz|compress|uncompress|zlib|zError|get_crc)\w*",
    "libatomic": r"__atomic_\w+|atomic_\w+",
    "libexpat": r"XML_\w+",
    "libGL": r"glX?[A-Z]\w+",
    "libX11": r"_?X\w+",
    "libXext": r"_?X\w+",
    "libXrender": r"_?X\w+",
    "libICE": r"_?Ice\w+",
    "libSM": r"_?Sm\w+",
    "libglib-2": r"g_\w+",
    "libgobject-2": r"g_\w+",
    "libgthread-2": r"g_\w+",
}
_LIBRARY = re.compile(r"(ld-linux|lib[\w+]+(?:-2)?)[.-].*")
_OF_INTERPRETER = frozenset(
    {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "libutil.so.1"}
)
_NAMED = 3


def judge(scopes: Sequence[Scope]) -> Iterator[Finding]:
    """Symbols, and versions of the libraries in the wheel."""
    told: set[tuple[str, str]] = set()
    for scope in scopes:
        if not scope.missed:  # of what comes from elsewhere nothing is known
            for item in scope.loaded:
                if ("symbols", item.path) not in told:
                    told.add(("symbols", item.path))
                    yield from _symbols(item, scope)
        for item in scope.loaded:
            if ("versions", item.path) not in told:
                told.add(("versions", item.path))
                yield from _versions(item, scope)


def _symbols(item: Object, scope: Scope) -> Iterator[Finding]:
    """What nothing in the wheel defines, and no library of the system that is loaded with it."""
    of_system = _of_system(frozenset(item.loading.needed), scope.system | _OF_INTERPRETER)
    if of_system is None:
        return
    lacking = (
        want.name
        for want in item.symbols.wanted
        if want.version is None
        and not _OF_PYTHON.fullmatch(want.name)
        and not of_system.fullmatch(want.name)
        and not any(want.name.encode() in other.symbols.given for other in scope.loaded)
    )
    names = list(islice(lacking, 1000))
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        shown = ", ".join(names[:_NAMED])
        yield found("load.undefined", f"nothing defines {shown}{more}", item.path)


@cache
def _of_system(needed: frozenset[str], system: frozenset[str]) -> re.Pattern[str] | None:
    """Names that these libraries may define; None where of one of them that is not known."""
    patterns = set()
    for name in system:
        match = _LIBRARY.fullmatch(name)
        library = match[1] if match else name
        if library in _PLAIN:
            patterns.add(_PLAIN[library])
        elif library not in _VERSIONED or "musl" in name:
            return None
        elif name not in needed:
            patterns.add(_VERSIONED[library])
    return re.compile("|".join(f"(?:{text})" for text in sorted(patterns)) or r"(?!)")


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

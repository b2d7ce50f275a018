"""One of each: OpenMP, BLAS, and none of what the system has itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wheelforge.audit.rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.audit.asked import Asked
    from wheelforge.audit.contents import Contents
    from wheelforge.audit.findings import Finding
    from wheelforge.audit.policy import Policy

_HASH = re.compile(r"[-.][0-9a-f]{8}(?=[.-])")  # auditwheel's, and that of torchvision's own script
_OPENMP = re.compile(r"(libgomp|libomp|libiomp5?|libfjomp\w*|libarmomp\w*)\.so")
_BLAS = re.compile(
    r"(lib(?:scipy_)?openblas|libblis|libflexiblas|libatlas|libarmpl|libmkl_rt|libfjlapack"
    r"|libblas|libgslcblas|libsci)\w*(?:[.-][\w.-]*)?\.so"
)
_MPI = re.compile(r"libmpi(?:_\w+|ch\w*|cxx|fort)?\.so")
_CXX = re.compile(r"lib(?:stdc\+\+|gcc_s|c\+\+|c\+\+abi)\.so")
_LIBC = re.compile(
    r"(?:lib(?:c|m|pthread|dl|rt|util|resolv|nsl|anl)\.so|ld-linux|ld-musl|ld64\.so)"
)


def judge(wheel: Contents, asked: Asked, policy: Policy | None) -> Iterator[Finding]:
    """By the names of libraries in the wheel, and of those that they need."""
    runtimes = _in_process(wheel)
    for rule, pattern in (("runtime.openmp", _OPENMP), ("runtime.blas", _BLAS)):
        shown = sorted(path for name, path in runtimes.items() if pattern.match(_plain(name)))
        if len(shown) > 1:
            yield found(rule, f"{' and '.join(shown)}", wheel.path.name)
    for item in wheel.objects:
        plain = _plain(item.name)
        if plain != item.name and _OPENMP.match(plain):
            yield found("runtime.hashed", f"{plain} is called {item.name}", item.path)
        if _MPI.match(plain):
            yield found("runtime.mpi", f"it is {plain}", item.path)
        if _CXX.match(plain) and policy is not None and _has(policy, plain):
            yield found("runtime.cxx", f"it is the system's {plain}", item.path)
        if _LIBC.match(plain):
            yield found("runtime.libc", f"it is the system's {plain}", item.path)

    yield from _copied(wheel, asked)


def _has(policy: Policy, name: str) -> bool:
    """In whatever version; musl's systems have no C++ runtime."""
    return any(_stem(library) == _stem(name) for library in policy.libraries)


def _copied(wheel: Contents, asked: Asked) -> Iterator[Finding]:
    """What a companion grafted under names of its own is not looked for by others."""
    others = {
        _stem(name): f"{project}'s {name}"
        for project in asked.companions
        for name in asked.beside.get(project, ())
        if name.startswith("lib") and not grafted(name)
    }
    for item in wheel.objects:
        if _stem(item.name) in others:
            yield found("runtime.copied", f"it is {others[_stem(item.name)]}", item.path)


def _stem(name: str) -> str:
    return _plain(name).partition(".so")[0]


def grafted(name: str) -> bool:
    """True for a library's name with a hash in it."""
    return _plain(name) != name


def _plain(name: str) -> str:
    return _HASH.sub("", name)


def _in_process(wheel: Contents) -> dict[str, str]:
    """(file name, path) of what the process may hold: two copies of one SONAME are one library."""
    named: dict[str, tuple[str, str]] = {}
    for item in wheel.objects:
        named.setdefault(item.loading.soname or item.name, (item.name, item.path))
    known = {*named, *(item.name for item in wheel.objects)}
    found = dict(named.values())
    for item in wheel.objects:
        found |= {name: name for name in item.loading.needed if name not in known}
    return found

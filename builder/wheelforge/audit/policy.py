"""What a platform tag promises to be on every system it is for: auditwheel's policies."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from auditwheel.architecture import Architecture
from auditwheel.libc import Libc
from auditwheel.policy import WheelPolicies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_PLATFORM = re.compile(
    r"(?:(?P<family>manylinux|musllinux)(?:_(?P<major>\d{1,3})_(?P<minor>\d{1,3})|(?P<old>1|2010|2014))"
    r"|linux)_(?P<machine>\w+)"
)
_OLD = {"1": (2, 5), "2010": (2, 12), "2014": (2, 17)}
_LOADER = re.compile(r"ld(?:64|-linux[\w-]*|-musl[\w-]*)\.so\.\d+")


class Policy(NamedTuple):
    """`libraries` and `versions` (GLIBC_2.17 …) that every such system has, by family of versions.

    `forbidden` are symbols by library that not all of them have. A `linux` tag promises nothing:
    its libraries are those of the newest policy, and it has no versions.
    """

    name: str
    libraries: frozenset[str]
    versions: Mapping[str, frozenset[str]]
    forbidden: Mapping[str, frozenset[str]]

    def has(self, library: str) -> bool:
        """True for a library of the system."""
        return library in self.libraries or _LOADER.fullmatch(library) is not None

    def lacks(self, library: str, version: str) -> bool:
        """True for a version that not every system has; of other libraries it knows nothing."""
        family, _, number = version.partition("_")
        known = self.versions.get(family)
        return known is not None and number not in known and self.has(library)


def machine_of(platform: str) -> str:
    """The machine that a Linux platform tag names; empty for other platforms."""
    match = _PLATFORM.fullmatch(platform)
    return match["machine"] if match else ""


@cache
def policy_of(platform: str) -> Policy | None:
    """The policy of a platform tag, or of the next older one known; None where there is none."""
    match = _PLATFORM.fullmatch(platform)
    if match is None:
        return None
    family, machine = match["family"], match["machine"]
    policies = list(_policies(machine, family == "musllinux", platform))
    if not policies:
        return None
    if family is None:
        return policies[0]._replace(name=platform, versions={}, forbidden={})
    wanted = _OLD.get(match["old"] or "") or (int(match["major"]), int(match["minor"]))
    numbered = ((_number(item.name), item) for item in policies)
    return next((item for number, item in numbered if number <= wanted), policies[-1])


def served(platform: str, needed: Iterable[tuple[str, str]]) -> str:
    """The oldest platform whose systems have all of these versions of libraries; else empty."""
    wanted = list(needed)
    names = [
        item.name
        for item in _policies(machine_of(platform), "musllinux" in platform, platform)
        if not any(item.lacks(library, version) for library, version in wanted)
    ]
    return names[-1] if names else ""


def _policies(machine: str, musl: bool, platform: str) -> Iterator[Policy]:
    """The newest first; only one of musl, whose policies auditwheel gives one by one."""
    try:
        known = WheelPolicies(
            libc=Libc.MUSL if musl else Libc.GLIBC,
            arch=Architecture(machine),
            musl_policy="_".join(platform.split("_")[:3]) if musl else None,
        )
    except (ValueError, AssertionError, IndexError):  # a machine or version it does not know
        return
    for item in known:
        if item != known.linux:
            yield Policy(item.name, item.whitelist, item.symbol_versions, item.blacklist)


def _number(name: str) -> tuple[int, int]:
    _, major, minor, _ = name.split("_", 3)
    return int(major), int(minor)

"""What a wheel is made of, as its plan knows it; what files it holds is only seen afterwards."""

from __future__ import annotations

import msgspec

FORMAT = "1"  # of the document that is made of it: goes into the keys of repair steps


class _Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class Origin(_Frozen, frozen=True, kw_only=True):
    """A source: where it comes from, and what it is (`sha256:…`, `git:…`, `tree:…`).

    `fetch` is the step that can tell its identity where that is empty. A `series` are the patches
    that a Debian source package brings, without those that are left out.
    """

    address: str
    identity: str
    fetch: str = ""
    kind: str = "archive"
    series: bool = False
    without: tuple[str, ...] = ()


class Change(_Frozen, frozen=True, kw_only=True):
    """A patch by its file's name and digest, and what it is for."""

    name: str
    sha256: str
    why: str = ""


class Tool(_Frozen, frozen=True, kw_only=True):
    """A compiler: its family and version, and the digest of the program."""

    role: str
    name: str
    version: str
    sha256: str


class Part(_Frozen, frozen=True, kw_only=True):
    """A package: the wheel itself, a library, another wheel, or a source nested in one of them.

    `holds` are the nested sources; `needs` the packages below it.
    """

    name: str
    version: str
    kind: str
    license: str = ""
    project: str = ""
    sources: tuple[Origin, ...] = ()
    patches: tuple[Change, ...] = ()
    compilers: tuple[Tool, ...] = ()
    holds: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


class Package(_Frozen, frozen=True, kw_only=True):
    """A package of the system that libraries may be taken from."""

    name: str
    version: str
    sha256: str


class Bill(_Frozen, frozen=True, kw_only=True):
    """All parts of a wheel; the first is the wheel.

    `folders` are where the sysroot's libraries are, below it; `packages` are those in it that may
    hold some.
    """

    parts: tuple[Part, ...]
    folders: tuple[str, ...] = ()
    packages: tuple[Package, ...] = ()

    @property
    def fetches(self) -> tuple[str, ...]:
        """The steps that tell what some sources are."""
        origins = (origin for part in self.parts for origin in part.sources)
        return tuple(dict.fromkeys(origin.fetch for origin in origins if not origin.identity))

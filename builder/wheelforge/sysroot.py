"""Another machine's system as a folder on this one: headers, libraries and a Python."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from wheelforge import digest

# these are words of commands: none may be taken for an option
Suite = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,99}$(?!\n)", description="a suite, as trixie")
]
Word = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9_/-]{0,99}$(?!\n)", description="it in lower-case letters")
]
Wanted = Annotated[
    str, Meta(pattern=r"^[a-z0-9?~][^\s,]{0,299}$(?!\n)", description="a package's name")
]


class Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `wheelforge sysroot create` makes: the packages of one suite of a distribution.

    The suite decides the glibc that wheels ask for at least, and the Python they are for.
    `architecture` is the distribution's name for `machine` (arm64 for aarch64). A file that
    `extends` a shipped sysroot takes over all that it does not say, and adds its packages.
    """

    name: str
    summary: str
    extends: str = ""
    distribution: str
    suite: Suite
    architecture: Word
    machine: Word
    packages: tuple[Wanted, ...]
    components: tuple[Word, ...] = ("main",)


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """A package a sysroot is made of; `sha256` of its archive."""

    name: str
    version: str
    sha256: str


class Sysroot(msgspec.Struct, frozen=True, kw_only=True):
    """A sysroot on this machine: the folder `path`, in which everything is where / would be.

    `identity` says what is in it, whatever folder it lies in; `libc` is "glibc 2.41". `triplet` is
    the folder name of Debian's multiarch, empty on other systems. `folders` are those of its shared
    libraries, relative to `path`; `pythons` its Pythons by series ("3.13"), relative to `path`.
    """

    name: str
    path: str
    machine: str
    identity: str
    libc: str
    triplet: str = ""
    folders: tuple[str, ...] = ()
    pythons: dict[str, str] = {}
    packages: tuple[Package, ...] = ()


def identity_of(definition: Definition, packages: tuple[Package, ...]) -> str:
    """What a created sysroot is known by: its packages' digests, in no particular order."""
    lines = sorted(f"{item.name} {item.version} {item.sha256}" for item in packages)
    return digest.of_bytes("\n".join([definition.machine, *lines]).encode())

"""Compilers: as a toolchain file asks for them, and as they were found on this machine."""

from __future__ import annotations

from typing import Literal

import msgspec

from wheelforge.sysroot import Sysroot

Family = Literal["gcc", "clang", "fujitsu"]
Role = Literal["cc", "cxx", "fc"]

SYSROOT = "@{sysroot}"  # where the sysroot is, in a plan


class Toolchain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The programs to look for, by role (cc, cxx, fc, ar …), each with names in order of choice.

    `machine` is what they compile for ("native", or aarch64 …), `minimum` the oldest version.
    `sysroot` names the system they compile for: one that `wheelforge sysroot create` makes, or the
    path of one on disk. Wheels are then for its Python, which an emulator runs.
    `arguments` are words that a role's program is always called with, also by what reads no flags.
    `version_pattern` is a regular expression whose first group is the version that
    `cc --version` prints.
    """

    name: str
    summary: str
    family: Family
    programs: dict[str, tuple[str, ...]]
    machine: str = "native"
    minimum: str = "0"
    env: dict[str, str] = {}
    arguments: dict[Role, str] = {}
    flags: str = ""
    sysroot: str = ""
    version_pattern: str = r"(\d+\.\d+(?:\.\d+)?)"
    install: dict[str, str] = {}


class Compilers(msgspec.Struct, frozen=True, kw_only=True):
    """A toolchain found: absolute paths and SHA-256 by role, version, machine and C library.

    `host` is the machine the compilers run on, `machine` the one they compile for. `within` are
    words that keep each compiler inside its sysroot (at SYSROOT); they belong to the command, as
    not all build systems read CFLAGS.
    """

    toolchain: str
    family: Family
    version: str
    machine: str
    libc: str
    paths: dict[str, str]
    digests: dict[str, str]
    env: dict[str, str] = {}
    arguments: dict[str, str] = {}
    flags: str = ""
    host: str = ""
    sysroot: Sysroot | None = None
    within: dict[str, str] = {}

    @property
    def commands(self) -> dict[str, str]:
        """What calls each program: its path, and the words it is always called with."""
        return {
            role: " ".join(filter(None, (path, self.arguments.get(role), self.within.get(role))))
            for role, path in self.paths.items()
        }

    @property
    def words(self) -> frozenset[str]:
        """What a recipe's `toolchain WORD` condition may name."""
        cross = {"cross"} if self.host not in {"", self.machine} else set[str]()
        return frozenset({self.toolchain, self.family, *cross})

    @property
    def versions(self) -> dict[str, str]:
        """What the compatibility table may name: the compiler family and, where it is, glibc."""
        name, _, version = self.libc.partition(" ")
        return {self.family: self.version} | ({"glibc": version} if name == "glibc" else {})

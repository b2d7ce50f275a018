"""What a whole run is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from wheelforge.interpreter import Interpreter
from wheelforge.target import Target
from wheelforge.toolchain import SYSROOT, Compilers

# 1980-01-02, the first full day zip archives can hold: results do not depend on when they are made.
SOURCE_DATE_EPOCH = "315619200"

_ROLES = {"CC": "cc", "CXX": "cxx", "FC": "fc", "AR": "ar", "RANLIB": "ranlib"}
_BASE = {
    "HOME": "@{work}/home",
    "TMPDIR": "@{work}/tmp",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH,
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PIP_NO_INPUT": "1",
    "CMAKE_BUILD_PARALLEL_LEVEL": "@{jobs}",
}

# (recipe, key, …) → `file:line: key`, for messages
Where: TypeAlias = Callable[..., str]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the whole run is for: the processor, its flags, the compilers and the Python."""

    target: Target
    flags: str
    compilers: Compilers
    python: Interpreter

    @cached_property
    def values(self) -> dict[str, str]:
        """What every recipe may refer to: `{target.acl_arch}`, `{toolchain.cc}` …"""
        target, compilers = self.target, self.compilers
        return {
            **{f"target.{name}": value for name, value in target.values.items()},
            "target.name": target.name,
            "target.machine": target.machine,
            "target.flags": self.flags,
            "target.ldflags": target.ldflags,
            "toolchain.name": compilers.toolchain,
            "toolchain.family": compilers.family,
            **{f"toolchain.{role}": text for role, text in compilers.commands.items()},
            "python.version": self.python.version,
            "python.series": self.python.series,
            "sysroot": SYSROOT if compilers.sysroot else "",
        }

    @cached_property
    def nameless(self) -> dict[str, str]:
        """The values whose text differs from machine to machine, by their names instead."""
        return {f"toolchain.{role}": f"({role})" for role in self.compilers.paths}

    @cached_property
    def path_maps(self) -> tuple[str, ...]:
        """Options for compilers: folders that differ from run to run leave no trace in objects."""
        sysroot = (f"-ffile-prefix-map={SYSROOT}=",) if self.compilers.sysroot else ()
        return ("-ffile-prefix-map=@{work}=.", *sysroot)

    @cached_property
    def plain_flags(self) -> str:
        """What every compiler is told of the target."""
        return " ".join(filter(None, (self.flags, self.compilers.flags)))

    @cached_property
    def compile_flags(self) -> str:
        """What every compiler is told, with `path_maps`."""
        return " ".join(filter(None, (self.plain_flags, *self.path_maps)))

    @cached_property
    def python_include(self) -> str:
        """Where Python.h is, as a plan says it."""
        sysroot, include = self.compilers.sysroot, self.python.include
        return SYSROOT + include.removeprefix(sysroot.path) if sysroot else include

    @cached_property
    def assumed(self) -> dict[str, str]:
        """The variables of every build that neither recipes nor dependencies have to set."""
        commands = self.compilers.commands
        roles = {name: commands[role] for name, role in _ROLES.items() if role in commands}
        return {**_BASE, **roles, "FFLAGS": self.compile_flags}

    @cached_property
    def search_path(self) -> str:
        """The folders of a build's PATH, below those of its own environment."""
        folders = [str(Path(path).parent) for path in self.compilers.paths.values()]
        return ":".join(dict.fromkeys(["@{bin}", *folders, "/usr/bin", "/bin"]))

    @cached_property
    def python_words(self) -> str:
        """The Python as a key names it."""
        return f"{self.python.version} {self.python.soabi}"

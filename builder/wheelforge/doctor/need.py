"""What a job asks of a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wheelforge.doctor.machine import Trouble
from wheelforge.target import Target
from wheelforge.toolchain import Toolchain

# what some recipe or other asks for
PROGRAMS = ("cmake", "ninja", "make", "scons", "git", "patch", "patchelf", "uv")


@dataclass(frozen=True, kw_only=True)
class Work:
    """A package to build: bytes of memory per job, most jobs that help (0: any), bytes of disk.

    `compilers` is what its recipe says of the compiler family in use, a version specifier.
    """

    name: str
    version: str
    languages: tuple[str, ...] = ("c", "c++")
    memory: int = 1 << 29
    jobs: int = 0
    disk: int = 1 << 30
    compilers: str = "*"


@dataclass(frozen=True, kw_only=True)
class Need:
    """What is to be done here; `planned` is False when only the machine in general is looked at.

    `programs` maps build programs to the packages that ask for them. `hosts` are those that
    sources not yet here come from, with the packages; `index` is whether the package index is
    needed. `command` is what the user types for this plan, after the verb.
    """

    planned: bool = False
    command: str = ""
    target: Target | None = None
    toolchain: Toolchain | None = None
    python: str = ""
    headers: bool = True
    work: tuple[Work, ...] = ()
    programs: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: dict.fromkeys(PROGRAMS, ())
    )
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    index: bool = True
    offline: bool = False
    troubles: Mapping[str, Trouble] = field(default_factory=dict)

    @property
    def disk(self) -> int:
        """Bytes that sources, builds and results take; a guess."""
        return sum(work.disk for work in self.work)

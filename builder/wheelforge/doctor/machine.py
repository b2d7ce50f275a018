"""This machine as it was found: a snapshot, so that checks are decisions over data.

Every default is what stands there when nothing was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wheelforge.emulator import Emulation, Emulator
from wheelforge.resources import Limit
from wheelforge.toolchain import Compilers


@dataclass(frozen=True)
class Trouble:
    """Why something could not be found or decided, and what to do about it."""

    what: str
    remedy: str = ""


@dataclass(frozen=True)
class Program:
    """A program on this machine, and the version it says it is (empty: it did not say)."""

    path: str
    version: str = ""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What builds need: compilers, how compiling a small program ended, Python's headers.

    `absent` are the roles of the toolchain (cc, cxx, fc) without a program. `compiling` is empty
    where a C++ program could be compiled and linked, else the compiler's words; `openmp` the same
    with -fopenmp; None: not tried. `headers` is where Python.h was looked for.
    """

    compilers: Compilers | None = None
    trouble: Trouble | None = None
    absent: tuple[str, ...] = ()
    compiling: str | None = None
    openmp: str | None = None
    python: str = ""
    headers: str = ""
    has_headers: bool = False
    programs: Mapping[str, Program] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder and the file system it is, or would be, on.

    `free` in bytes; `device` tells file systems apart; `locks` is whether a second lock of a file
    was refused; `skew` the seconds by which the file system's clock is ahead of ours.
    """

    path: str = ""
    kind: str = ""
    device: int = 0
    free: int = 0
    inodes: int | None = None
    writable: bool = False
    executable: bool = True
    locks: bool = True
    skew: float = 0.0


@dataclass(frozen=True)
class Reach:
    """An address that was tried; `fault` is why it cannot be reached, empty when it can."""

    address: str
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Network:
    """The package indexes pip is configured for, and other hosts, as far as they were tried."""

    indexes: tuple[Reach, ...] = ()
    hosts: tuple[Reach, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """What the kernel offers.

    `huge_pages` is the mode of transparent huge pages (always, madvise, never). `namespaces` tells
    whether a build's network can be taken away.
    """

    page_size: int = 4096
    huge_pages: str = ""
    namespaces: bool = False


@dataclass(frozen=True, kw_only=True)
class Start:
    """The sysroot called `name`: the `version` its Python says, or why that does not start.

    None of both: it was not tried.
    """

    name: str
    version: str = ""
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """How programs of another machine, the target's, fare here.

    `emulation` is what they are run as, `trouble` why there is nothing. `sysroot` is the one the
    toolchain asks for, `absent` why it is not there; None of both: it asks for none.
    """

    emulator: Emulator
    emulation: Emulation | None = None
    trouble: str = ""
    sysroot: Start | None = None
    absent: Trouble | None = None


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Everything that checks look at.

    `features` are the processor's, as /proc/cpuinfo has them. `address_space`, `data` (bytes) and
    `open_files` are limits of a process (None: unlimited). `foreign` is None where the target is
    of this machine's kind. `now` is seconds since 1970.
    """

    system: str = ""
    machine: str = ""
    processor: str = ""
    features: frozenset[str] = frozenset()
    processors: tuple[Limit, ...] = ()
    memory: tuple[Limit, ...] = ()
    address_space: int | None = None
    data: int | None = None
    open_files: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    tools: Tools = Tools()
    kernel: Kernel = Kernel()
    foreign: Foreign | None = None
    home: Place = Place()
    wheelhouse: Place = Place()
    user_home: str = ""
    user_home_writable: bool = False
    locale: str = ""
    utf8: bool = True
    network: Network = Network()
    now: float = 0.0

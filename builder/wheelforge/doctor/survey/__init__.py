"""Looks at all of this machine at once; what cannot be found out is left at its default."""

from __future__ import annotations

import locale
import os
import platform
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wheelforge import resources
from wheelforge.doctor.machine import (
    Foreign,
    Kernel,
    Machine,
    Network,
    Place,
    Program,
    Tools,
    Trouble,
)
from wheelforge.doctor.survey import foreign, ground, kernel, reach, toolbox
from wheelforge.doctor.survey.errand import Errand
from wheelforge.sysroot import Sysroot
from wheelforge.target import Target
from wheelforge.toolchain import Compilers, Toolchain

__all__ = ["Asked", "survey"]

_SECONDS = 20.0  # for what hangs; a healthy machine answers within one or two


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What to look at. `trouble` is why there are no `compilers`; `hosts` are addresses to try.

    `jobs` and `memory` (bytes) are what a build would be told to keep to; 0: nothing. `include`
    is the folder of Python's headers where that is known. `absent` is why there is no `sysroot`
    where one is asked for.
    """

    home: Path
    wheelhouse: Path
    toolchain: Toolchain | None
    compilers: Compilers | None
    trouble: Trouble | None
    python: str
    programs: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    index: bool = True
    jobs: int = 0
    memory: int = 0
    include: str = ""
    target: Target | None = None
    sysroot: Sysroot | None = None
    absent: Trouble | None = None


def survey(asked: Asked) -> Machine:
    """A snapshot of this machine. Never raises."""
    deadline = time.monotonic() + _SECONDS
    network = Errand(
        partial(reach.network, asked.hosts, index=asked.index),
        Network(trouble="it was not found out in time"),
    )
    home = Errand(partial(ground.place, asked.home), Place(path=ground.shown(asked.home)))
    house = Errand(
        partial(ground.place, asked.wheelhouse), Place(path=ground.shown(asked.wheelhouse))
    )
    inside = Errand(kernel.kernel, Kernel())
    other = Errand[Foreign | None](
        partial(foreign.foreign, asked.target, asked.sysroot, asked.absent), None
    )
    processor = Errand(_processor, "")
    features = Errand[frozenset[str]](kernel.features, frozenset())
    processors = Errand[list[resources.Limit]](
        partial(resources.processor_limits, asked=asked.jobs), []
    )
    memory = Errand[list[resources.Limit]](partial(resources.memory_limits, asked=asked.memory), [])
    tools = _tools(asked, deadline)
    user, writable = Errand(_user_home, ("", False)).result(deadline)
    return Machine(
        system=Errand(kernel.system, "").result(deadline),
        machine=platform.machine(),
        processor=processor.result(deadline),
        features=features.result(deadline),
        processors=tuple(processors.result(deadline)),
        memory=tuple(memory.result(deadline)),
        address_space=_limit(resource.RLIMIT_AS),
        data=_limit(resource.RLIMIT_DATA),
        open_files=_limit(resource.RLIMIT_NOFILE),
        environment=dict(os.environ),
        tools=tools,
        kernel=inside.result(deadline),
        foreign=other.result(deadline),
        home=home.result(deadline),
        wheelhouse=house.result(deadline),
        user_home=user,
        user_home_writable=writable,
        locale=_locale(os.environ),
        utf8=_is_utf8(),
        network=network.result(deadline),
        now=time.time(),
    )


def _tools(asked: Asked, deadline: float) -> Tools:
    plain = Errand(partial(_compiling, asked.compilers, toolbox.PLAIN), None)
    openmp = Errand(partial(_compiling, asked.compilers, toolbox.OPENMP, "-fopenmp"), None)
    programs = {name: Errand(partial(toolbox.program, name), None) for name in asked.programs}
    asking = Errand(partial(toolbox.headers, asked.python), "") if not asked.include else None
    include = asking.result(deadline) if asking else asked.include
    return Tools(
        compilers=asked.compilers,
        trouble=asked.trouble,
        absent=toolbox.absent(asked.toolchain),
        compiling=plain.result(deadline),
        openmp=openmp.result(deadline),
        python=asked.python and ground.shown(Path(asked.python)),
        headers=include and ground.shown(Path(include)),
        has_headers=bool(include) and Path(include, "Python.h").is_file(),
        programs=_found({name: errand.result(deadline) for name, errand in programs.items()}),
    )


def _compiling(found: Compilers | None, *words: str) -> str | None:
    return None if found is None else toolbox.compiling(found, *words)


def _found(programs: Mapping[str, Program | None]) -> dict[str, Program]:
    return {name: program for name, program in programs.items() if program is not None}


def _processor() -> str:
    import archspec.cpu

    return str(archspec.cpu.host().name)


def _limit(which: int) -> int | None:
    soft = resource.getrlimit(which)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def _user_home() -> tuple[str, bool]:
    home = Path.home()
    return str(home), home.is_dir() and os.access(home, os.W_OK | os.X_OK)


def _locale(environment: Mapping[str, str]) -> str:
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    return next((environment[name] for name in names if environment.get(name)), "")


def _is_utf8() -> bool:
    """False also for a locale that is not installed, which falls back to C."""
    try:
        locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        return False
    return sys.getfilesystemencoding().lower().replace("-", "") == "utf8"

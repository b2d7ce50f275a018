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
from wheelforge.doctor.machine import Kernel, Machine, Network, Place, Program, Tools, Trouble
from wheelforge.doctor.survey import ground, kernel, reach, toolbox
from wheelforge.doctor.survey.errand import Errand
from wheelforge.toolchain import Compilers, Toolchain

__all__ = ["Asked", "survey"]

_SECONDS = 20.0  # for what hangs; a healthy machine answers within one or two


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What to look at. `trouble` is why there are no `compilers`; `hosts` are addresses to try."""

    home: Path
    wheelhouse: Path
    toolchain: Toolchain | None
    compilers: Compilers | None
    trouble: Trouble | None
    python: str
    programs: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    index: bool = True


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
    processor = Errand(_processor, "")
    features = Errand[frozenset[str]](kernel.features, frozenset())
    processors = Errand[list[resources.Limit]](resources.processor_limits, [])
    memory = Errand[list[resources.Limit]](resources.memory_limits, [])
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
        open_files=_limit(resource.RLIMIT_NOFILE),
        environment=dict(os.environ),
        tools=tools,
        kernel=inside.result(deadline),
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
    include = Errand(partial(toolbox.headers, asked.python), "").result(deadline)
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

"""Is this machine fit for what the user wants built? Plans as far as it can, then looks around."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from wheelforge import catalog, digest, probe
from wheelforge.doctor import Finding, Need, Trouble, diagnose
from wheelforge.doctor.survey import Asked, survey
from wheelforge.errors import ForgeError
from wheelforge.interpreter import Interpreter
from wheelforge.pin import Pin
from wheelforge.pipeline import wants
from wheelforge.pipeline.ground import compilers_for, emulation_for, python_for
from wheelforge.pipeline.options import Home, Limits, Options
from wheelforge.pipeline.prepare import request_of, situation
from wheelforge.resolve import Request, resolve
from wheelforge.target import Target
from wheelforge.toolchain import Compilers, Toolchain

T = TypeVar("T")

_NO_LIMITS = Limits()


def examine(
    options: Options, wheelhouse: Path, home: Home, limits: Limits = _NO_LIMITS
) -> tuple[Finding, ...]:
    """What stands there of all that the options ask for; without requirements, in general.

    `limits` are those a build would be given.
    """
    ground = _Ground(options, home)
    need = _need(options, home, ground)
    machine = survey(
        Asked(
            home=home.root,
            wheelhouse=wheelhouse,
            toolchain=ground.toolchain,
            compilers=ground.compilers,
            trouble=ground.troubles.pop("compilers", None),
            python=ground.python.path if ground.python else "",
            include=ground.python.include if ground.python else "",
            programs=tuple(need.programs),
            hosts=() if need.offline else tuple(need.hosts),
            index=need.index and not need.offline,
            jobs=limits.jobs,
            memory=limits.memory,
            target=ground.target,
            sysroot=ground.compilers.sysroot if ground.compilers else None,
            absent=ground.troubles.pop("sysroot", None),
        )
    )
    return diagnose(machine, need)


@dataclass
class _Ground:
    """What every plan stands on, as far as it can be found; else why not is among `troubles`."""

    options: Options
    home: Home
    troubles: dict[str, Trouble] = field(default_factory=dict)
    target: Target | None = None
    toolchain: Toolchain | None = None
    compilers: Compilers | None = None
    python: Interpreter | None = None

    def __post_init__(self) -> None:
        options, memo = self.options, self.home.memo
        self.target = self.tried("target", lambda: catalog.load_target(options.target))
        toolchain = self.tried("toolchain", lambda: catalog.load_toolchain(options.toolchain))
        if toolchain is not None:
            self.compilers = self.tried("compilers", lambda: probe.compilers(toolchain, memo))
        if toolchain is not None and self.compilers is not None:
            whole = self.tried(
                "sysroot", lambda: compilers_for(toolchain, options.sysroot, self.home)
            )
            self.compilers = whole or self.compilers
        self.toolchain = toolchain
        if toolchain is not None and (toolchain.sysroot or options.sysroot):
            self.python = self._emulated()
        else:
            self.python = self.tried("Python", lambda: probe.interpreter(options.python, memo))
        self.tried("file system", memo.save)

    def _emulated(self) -> Interpreter | None:
        """The sysroot's Python; that there is no sysroot, or no emulator, is told by itself."""
        found, target = self.compilers, self.target
        if found is None or found.sysroot is None or target is None:
            return None
        emulation = self.tried("emulation", lambda: emulation_for(found, target))
        if self.troubles.pop("emulation", None):
            return None
        wanted = self.options.python
        return self.tried("sysroot Python", lambda: python_for(wanted, found, emulation, self.home))

    def tried(self, name: str, work: Callable[[], T]) -> T | None:
        """What `work` gives; a failure is noted as a trouble of that name."""
        try:
            return work()
        except ForgeError as error:
            what = f"{error.where}: {error.what}" if error.where else error.what
            self.troubles[name] = Trouble(what, error.remedy)
        except Exception as error:  # noqa: BLE001 - a doctor that falls over helps nobody
            self.troubles[name] = Trouble(f"{type(error).__name__}: {error}")
        return None

    def pins(self) -> tuple[Pin, ...] | None:
        """The packages of the plan; None where it cannot be made."""
        target, python = self.target, self.python
        if target is None or python is None:
            return None
        resolution = self.tried(
            "plan", lambda: resolve(*self._request(target, python), digest.of_path)
        )
        return None if resolution is None else resolution.pins

    def _request(self, target: Target, python: Interpreter) -> tuple[Request, catalog.Catalog]:
        options, found, kind = self.options, self.compilers, self.toolchain
        library = catalog.open_catalog(options.recipes, options.overlays)
        words = frozenset({kind.name, kind.family}) if kind else frozenset[str]()
        known = situation(target, found.words if found else words, python)
        return request_of(options, library, known, found.versions if found else {}), library


def _need(options: Options, home: Home, ground: _Ground) -> Need:
    pins = ground.pins() if options.requirements else None
    basis = Need(
        command=_command(options),
        target=ground.target,
        toolchain=ground.toolchain,
        python=ground.python.version if ground.python else "",
        offline=options.offline,
        troubles=ground.troubles,
    )
    if pins is None:
        return basis
    return wants.planned(basis, pins, home, ground.python)


def _command(options: Options) -> str:
    """What the user typed, after the verb."""
    words = list(options.requirements)
    single = {"--target": options.target, "--toolchain": options.toolchain}
    words += [word for key, value in single.items() if value != "native" for word in (key, value)]
    words += ["--sysroot", options.sysroot] if options.sysroot else []
    words += ["--python", options.python] if options.python else []
    words += [w for name, value in options.pins.items() for w in ("--pin", f"{name}={value}")]
    words += [w for name, path in options.sources.items() for w in ("--source", f"{name}={path}")]
    words += [word for name in options.overlays for word in ("--overlay", name)]
    words += [word for path in options.recipes for word in ("--recipes", str(path))]
    words += ["--only"] if options.only else []
    words += ["--allow-untested"] if options.untested else []
    return shlex.join(words)

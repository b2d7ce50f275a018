"""Real upstream sources, and what the recipes plan to run in them, also for other processors."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from builders import FakeView
from wheelforge import catalog, probe, template
from wheelforge.archive import unpack
from wheelforge.digest import Memo
from wheelforge.errors import InputError
from wheelforge.fetch import Sources
from wheelforge.graph import BuildStep, CheckStep
from wheelforge.pin import Pin, PinnedSource
from wheelforge.plan import Setting, plan
from wheelforge.recipe import Check, Conditions
from wheelforge.resolve import Request, resolve
from wheelforge.target import Target
from wheelforge.toolchain import Compilers

# A folder that keeps fetched sources from one run of the tests to the next.
CACHE = "WHEELFORGE_TEST_SOURCES"
_PACKAGES = {"cc": "gcc", "cxx": "g++", "fc": "gfortran"}


class Planned(NamedTuple):
    """A package as it would be built: its pin, the build step and the checks of the result."""

    pin: Pin
    step: BuildStep
    checks: tuple[Check, ...]

    def argv(self, label: str, work: Path) -> list[str]:
        """The words of a command, run below `work`."""
        command = next(command for command in self.step.commands if command.label == label)
        return [_filled(word, work) for word in command.argv]

    def env(self, work: Path) -> dict[str, str]:
        """The variables of the build, with its programs in `work/bin`."""
        _link(self.step.programs, work / "bin")
        for name in ("home", "tmp"):
            (work / name).mkdir(parents=True, exist_ok=True)
        return {name: _filled(value, work) for name, value in self.step.env.items()}


def fetched(source: PinnedSource, folder: Path) -> Path:
    """The archive of a Debian source, in the cache at `folder` unless CACHE names another."""
    for program in ("apt-get", "apt-config"):
        if shutil.which(program) is None:
            pytest.skip(f"Debian's sources come through {program}")
    sources = Sources(Path(os.environ.get(CACHE) or folder / "sources"))
    asyncio.run(sources.fetch(source, lambda _text: None, lambda _done, _total: None))
    (archive,) = sources.files(source)
    return archive


def unpacked(source: PinnedSource, folder: Path) -> Path:
    """The source tree, at `folder/src`."""
    unpack(fetched(source, folder), folder / "src")
    return folder / "src"


def is_cross(machine: str) -> bool:
    """True where compilers for `machine` are cross compilers."""
    return machine != platform.machine()


def compilers(machine: str, folder: Path) -> Compilers:
    """GCC for `machine`: this machine's, or the cross compilers as Debian names them."""
    toolchain = catalog.load_toolchain("native")
    if is_cross(machine):
        prefix = f"{machine.replace('_', '-')}-linux-gnu-"
        toolchain = msgspec.structs.replace(
            toolchain,
            name="cross",
            machine=machine,
            programs={role: (prefix + names[0],) for role, names in toolchain.programs.items()},
            install={
                f"apt-get.{role}": f"{name}-{prefix.rstrip('-')}"
                for role, name in _PACKAGES.items()
            },
        )
    try:
        return probe.compilers(toolchain, Memo(folder / "digests.json"))
    except InputError as error:
        pytest.skip(f"{error.what}: {error.remedy}")


def flags(target: Target, found: Compilers) -> str:
    """The compiler options of a target; none where the compiler is too old to know them."""
    try:
        probe.suited(found, target)
        return probe.flags(target, found)
    except InputError:
        return ""


def planned(requirement: str, target: Target, found: Compilers) -> Planned:
    """What `wheelforge build REQUIREMENT --overlay debian` would run with these compilers."""
    python = probe.interpreter("", Memo(Path(os.devnull)))
    library = catalog.open_catalog((), ("debian",))
    conditions = Conditions(
        version="",
        python=python.version,
        target=target.words,
        machine=target.machine,
        toolchain=found.words,
    )
    request = Request(requirements=(requirement,), conditions=conditions, rows=library.rows())
    resolution = resolve(request, library, lambda _path: "")
    setting = Setting(target=target, flags=flags(target, found), compilers=found, python=python)
    made = plan(resolution, setting, FakeView())
    (name,) = resolution.requested
    (pin,) = (pin for pin in resolution.pins if pin.name == name)
    (step,) = (s for s in made.steps if isinstance(s, BuildStep) and s.name == name)
    (check,) = (s for s in made.steps if isinstance(s, CheckStep) and s.name == name)
    return Planned(pin, step, check.checks)


def _filled(text: str, work: Path) -> str:
    return template.render(text, lambda name: "2" if name == "jobs" else str(work / name))


def _link(programs: dict[str, str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in programs.items():
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(path)

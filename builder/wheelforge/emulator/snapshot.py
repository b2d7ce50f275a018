"""Looks at a machine's emulator by starting a program for that machine, as every build will.

qemu is asked through the environment (QEMU_CPU, QEMU_VERSION), so that it is the very one the
kernel starts that answers, also where its file cannot be seen from here.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from wheelforge import process
from wheelforge.emulator import elf_program
from wheelforge.emulator.registration import Formats, Registration, read
from wheelforge.errors import ForgeError

_SECONDS = 10.0
_VERSION = re.compile(r"version (\d+(?:\.\d+)+)")
_MODEL = re.compile(r"^\s+(\S+)", re.MULTILINE)  # the line above them is not indented


@dataclass(frozen=True, kw_only=True)
class Emulator:
    """How programs of `machine` fare here; every default is what stands there when there is none.

    `fault` is why a small program of that machine did not run, empty where it did. `installed` is
    a qemu for it that is on PATH, registered or not. `models` are the CPUs the running qemu knows.
    """

    machine: str
    fault: str = "was not tried"
    formats: Formats = field(default_factory=Formats)
    registration: Registration | None = None
    installed: str = ""
    version: str = ""
    models: frozenset[str] = frozenset()

    @property
    def works(self) -> bool:
        """Whether programs of that machine run."""
        return not self.fault


def look(machine: str, root: Path = Path("/")) -> Emulator:
    """The emulator of `machine` on this machine; `root` is where /proc is. Never raises."""
    formats = read(root)
    found = Emulator(
        machine=machine,
        formats=formats,
        registration=formats.of(machine),
        installed=_installed(machine),
    )
    if not elf_program.known(machine):
        return replace(found, fault=f"nothing is known of {machine}'s programs")
    try:
        return _tried(found)
    except OSError as error:
        return replace(found, fault=f"cannot be tried: {error}")


def runs(machine: str, cpu: str) -> str:
    """Why a program of `machine` does not run with QEMU_CPU=`cpu`; empty where it does."""
    with tempfile.TemporaryDirectory(prefix="wheelforge-emulator-") as folder:
        program = Path(folder, machine)
        elf_program.write(machine, program)
        return _said(program, {"QEMU_CPU": cpu})[0]


def _tried(found: Emulator) -> Emulator:
    with tempfile.TemporaryDirectory(prefix="wheelforge-emulator-") as folder:
        program = Path(folder, found.machine)
        elf_program.write(found.machine, program)
        fault = _said(program, {})[0]
        if fault or found.machine == platform.machine():
            return replace(found, fault=fault)
        version = _VERSION.search(_said(program, {"QEMU_VERSION": "1"})[1])
        models = _MODEL.findall(_said(program, {"QEMU_CPU": "help"})[1])
    return replace(found, fault="", version=version[1] if version else "", models=frozenset(models))


def _said(program: Path, more: dict[str, str]) -> tuple[str, str]:
    """Why it failed (empty: it did not), and what was printed; settings of the user's are left out.

    A code other than 0 is also how qemu ends after it has listed its CPUs.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("QEMU_")}
    try:
        return "", process.capture(
            [str(program)], env={**env, **more}, timeout=_SECONDS, merge=True
        )
    except process.ProgramError as error:
        lines = error.output.strip().splitlines()
        return (lines[-1] if lines else f"ended with code {error.code}"), error.output
    except ForgeError as error:
        return error.what, ""


def _installed(machine: str) -> str:
    names = (f"qemu-{machine}-static", f"qemu-{machine}")
    return next((found for name in names if (found := shutil.which(name))), "")

"""Which CPU an emulator is told to be for a target, and how much that proves."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, NamedTuple

from wheelforge.emulator.fault import fault
from wheelforge.emulator.snapshot import Emulator, look, runs
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.target import Target


class Emulation(NamedTuple):
    """How a target's programs are run: QEMU_CPU=`cpu`, by qemu `version`.

    `faithful` says whether that CPU refuses what the target lacks. Where it does not, what runs
    here may still end with SIGILL on the target, and `note` says so.
    """

    cpu: str
    version: str
    faithful: bool
    note: str = ""

    @property
    def env(self) -> dict[str, str]:
        """The variables that make it so."""
        return {"QEMU_CPU": self.cpu}


def choices(found: Emulator, target: Target) -> Iterator[Emulation]:
    """The CPUs of the target's that this emulator knows, the best first."""
    honest = [(name, True) for name in target.emulated]
    for name, faithful in [*honest, *((name, False) for name in target.emulated_loosely)]:
        if name.partition(",")[0] in found.models:  # what follows are properties: sve=off
            note = "" if faithful else _note(found, target, name)
            yield Emulation(name, found.version, faithful, note)


def emulation(found: Emulator, target: Target) -> Emulation:
    """The best CPU that a program really runs on; InputError where there is none."""
    said = ""
    for choice in choices(found, target):
        said = runs(found.machine, choice.cpu)
        if not said:
            return choice
    wanted = ", ".join((*target.emulated, *target.emulated_loosely)) or "none"
    raise InputError(
        f"qemu {found.version} can be no CPU of this target's ({wanted}){said and f': {said}'}",
        where=f"target {target.name}: emulated",
        remedy="install a newer qemu-user-static, or name another in a copy of the target",
    )


def require(target: Target, host: str = "") -> Emulation | None:
    """How the programs of `target` run on this machine; None where it is of the same kind.

    Looks at the machine, which takes a tenth of a second. InputError where they do not run.
    """
    if target.machine in {host or platform.machine(), "native"}:
        return None
    found = look(target.machine)
    if wrong := fault(found):
        dnf = f"\n  or, with dnf: {wrong.dnf}" if wrong.dnf != wrong.apt else ""
        raise InputError(
            f"programs for {target.machine} do not run here: {wrong.what}",
            where=f"target {target.name}",
            remedy=f"as root: {wrong.apt}{dnf}",
        )
    return emulation(found, target)


def _note(found: Emulator, target: Target, name: str) -> str:
    newer = f"; qemu {found.version} does not know {target.emulated[0]}" if target.emulated else ""
    return (
        f"QEMU_CPU={name} also runs instructions that {target.name} lacks{newer}: "
        "that something runs here is no proof that it runs there"
    )

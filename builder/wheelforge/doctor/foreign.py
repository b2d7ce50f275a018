"""Checks for a target of another machine: what runs its programs here, and the system they need."""

from __future__ import annotations

from collections.abc import Iterator

from wheelforge.doctor.finding import Finding, Mend, install, missing, ok, run, warning
from wheelforge.doctor.machine import Foreign, Machine, Start
from wheelforge.doctor.need import Need
from wheelforge.emulator import fault

_NEWER = install("qemu-user-static    # of Debian 13 or later", "qemu-user-static")


def emulation(machine: Machine, need: Need) -> Iterator[Finding]:
    """An emulator is registered, runs programs, and knows a CPU with no more than the target."""
    found = machine.foreign
    if found is None:
        return
    if wrong := fault(found.emulator):
        what = f"programs for {found.emulator.machine} do not run here: {wrong.what}"
        yield missing("emulation", what, Mend(wrong.apt, wrong.dnf))
    elif found.emulation is None:
        yield missing("emulation", found.trouble or "there is no CPU to emulate", _NEWER)
    elif not found.emulation.faithful:
        there = run(f"wheelforge verify WHEELHOUSE    # on {_named(need)} itself")
        newer = need.target is not None and need.target.emulated
        yield warning("emulation", found.emulation.note, _NEWER if newer else there)
    else:
        yield ok("emulation", f"{_program(found)} as {found.emulation.cpu}")


def sysroot(machine: Machine, need: Need) -> Iterator[Finding]:
    """The toolchain's sysroot is there, and its Python starts."""
    del need
    found = machine.foreign
    if found is None:
        return
    if absent := found.absent:
        yield missing("sysroot", absent.what, run(absent.remedy or "wheelforge sysroot list"))
    elif found.sysroot is not None:
        yield _started(found.sysroot)


def _started(found: Start) -> Finding:
    if found.fault:
        again = run(f"wheelforge sysroot create {found.name} --again")
        return missing("sysroot", f"{found.name}: its Python does not start: {found.fault}", again)
    # why nothing was tried is a finding of its own
    python = f"Python {found.version} starts" if found.version else "its Python was not tried"
    return ok("sysroot", f"{found.name}: {python}")


def _named(need: Need) -> str:
    return need.target.name if need.target else "the target"


def _program(found: Foreign) -> str:
    entry = found.emulator.registration
    if entry is None:
        return f"qemu {found.emulator.version}"
    flags = f"flags {entry.flags}" if entry.flags else "no flags"
    inside = "" if "F" in entry.flags else ": not inside containers and chroots"
    return f"qemu {found.emulator.version} ({entry.interpreter}, {flags}{inside})"

"""What a plan stands on: the compilers, the system they compile for, and its Python."""

from __future__ import annotations

from wheelforge import emulator, probe, sysroots
from wheelforge.emulator import Emulation
from wheelforge.errors import InputError
from wheelforge.graph import Lack
from wheelforge.interpreter import Interpreter
from wheelforge.pipeline.options import Home
from wheelforge.target import Target
from wheelforge.toolchain import Compilers, Toolchain


def compilers_for(toolchain: Toolchain, sysroot: str, home: Home) -> Compilers:
    """The compilers of a toolchain, with its sysroot or the one called `sysroot`, if any."""
    found = probe.compilers(toolchain, home.memo)
    name = sysroot or toolchain.sysroot
    if not name:
        return found
    if found.host == found.machine:
        raise InputError(
            f"a sysroot is for cross compilers, and {found.paths['cc']} compiles for this machine",
            where=f"--sysroot {sysroot}" if sysroot else f"toolchain {toolchain.name}",
            remedy="leave it out, or choose --toolchain native",
        )
    system = sysroots.find(name, home.root, found.machine)
    return probe.inside(found, system, home.memo)


def emulation_for(compilers: Compilers, target: Target) -> Emulation | None:
    """How the target's programs run here; None where they are this machine's own."""
    return emulator.require(target) if compilers.sysroot else None


def python_for(
    wanted: str, compilers: Compilers, emulation: Emulation | None, home: Home
) -> Interpreter:
    """The Python wheels are for: this machine's, or the sysroot's through the emulator."""
    sysroot = compilers.sysroot
    if sysroot is None:
        return probe.interpreter(wanted, home.memo)
    env = {"QEMU_LD_PREFIX": sysroot.path, **(emulation.env if emulation else {})}
    return probe.emulated(wanted, sysroot, env, home.memo)


def weakness(emulation: Emulation | None, target: Target) -> tuple[Lack, ...]:
    """That checks prove less than they seem to, where the emulator does not know the CPU."""
    if emulation is None or emulation.faithful:
        return ()
    remedy = "install a newer qemu-user-static, or try the wheels on the machine itself"
    where = f"--target {target.name}"
    return (Lack(what=emulation.note, where=where, remedy=remedy, needed="run"),)

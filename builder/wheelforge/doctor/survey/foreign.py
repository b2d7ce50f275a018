"""Looks at how the programs of a target's machine fare here, where that is another machine."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from wheelforge import process
from wheelforge.doctor.machine import Foreign, Start, Trouble
from wheelforge.emulator import Emulation, emulation, look
from wheelforge.errors import ForgeError
from wheelforge.sysroot import Sysroot
from wheelforge.target import Target

_SECONDS = 15.0
_ASK = "import platform; print(platform.python_version())"


def foreign(
    target: Target | None, sysroot: Sysroot | None, absent: Trouble | None = None
) -> Foreign | None:
    """None where the target's programs are of this machine's kind."""
    if target is None or target.machine in {platform.machine(), "native"}:
        return None
    found, chosen, trouble = look(target.machine), None, ""
    if found.works:
        try:
            chosen = emulation(found, target)
        except ForgeError as error:
            trouble = error.what
    return Foreign(
        emulator=found,
        emulation=chosen,
        trouble=trouble,
        sysroot=_start(sysroot, chosen) if sysroot else None,
        absent=absent,
    )


def _start(sysroot: Sysroot, chosen: Emulation | None) -> Start:
    """Start the newest Python of a sysroot."""
    if not sysroot.pythons:
        return Start(name=sysroot.name, fault="there is none in it")
    if chosen is None:
        return Start(name=sysroot.name)
    newest = max(sysroot.pythons, key=lambda series: [int(part) for part in series.split(".")])
    python = Path(sysroot.path, sysroot.pythons[newest])
    env = {**os.environ, **chosen.env, "QEMU_LD_PREFIX": sysroot.path}
    try:
        said = process.capture([str(python), "-I", "-c", _ASK], env=env, timeout=_SECONDS)
    except ForgeError as error:
        return Start(name=sysroot.name, fault=error.what)
    return Start(name=sysroot.name, version=said.strip())

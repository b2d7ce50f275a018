"""What tests need that build for Arm on this machine, or run what was built."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest

from command_line import Forge
from wheelforge import emulator, sysroots
from wheelforge.sysroot import Sysroot

NAME = "trixie-arm64"
_NEEDED = (
    "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-g++", "aarch64-linux-gnu-gfortran", "mmdebstrap",
)  # fmt: skip


def arm_home(folder: Path) -> Path:
    """A home with a sysroot, below `folder`; skips where this machine cannot cross-build."""
    if platform.machine() != "x86_64":
        pytest.skip("cross builds are for x86-64 machines")
    if missing := [program for program in _NEEDED if shutil.which(program) is None]:
        pytest.skip(f"cross builds need {', '.join(missing)}")
    if fault := emulator.fault(emulator.look("aarch64")):
        pytest.skip(fault.what)
    forge = Forge(folder)
    print(forge.good("sysroot", "create", NAME))  # noqa: T201 - the time, for CI's log
    return forge.home


def system(home: Path) -> Sysroot:
    """The sysroot of such a home."""
    return sysroots.find(NAME, home)

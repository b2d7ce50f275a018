"""What tests of emulated programs need: a cross compiler, its C library, and qemu."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from wheelforge import emulator

GCC = "aarch64-linux-gnu-gcc"
# where Debian's cross compiler has the target's C library; qemu looks for the loader there
LIBRARIES = Path("/usr/aarch64-linux-gnu")


def environment(cpu: str) -> dict[str, str]:
    """The variables under which programs for aarch64 run; skips the test where they do not."""
    if platform.machine() == "aarch64":
        pytest.skip("programs for aarch64 are not emulated on aarch64")
    if shutil.which(GCC) is None or not (LIBRARIES / "lib/ld-linux-aarch64.so.1").exists():
        pytest.skip(f"there is no {GCC} with its C library (gcc-aarch64-linux-gnu)")
    found = emulator.look("aarch64")
    if not found.works:
        pytest.skip(f"programs for aarch64 do not run here: {found.fault}")
    if cpu not in found.models:
        pytest.skip(f"qemu {found.version} knows no {cpu}")
    return {**os.environ, "QEMU_LD_PREFIX": str(LIBRARIES), "QEMU_CPU": cpu, "LC_ALL": "C"}


def compiled(compiler: str, source: str, made: Path, *options: str) -> Path:
    """Compile a C program or library."""
    made.parent.mkdir(parents=True, exist_ok=True)
    file = made.with_suffix(".c")
    file.write_text(source)
    subprocess.run([compiler, "-O1", *options, str(file), "-o", str(made), "-ldl"], check=True)
    return made

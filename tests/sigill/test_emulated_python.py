"""A check that an emulated Python runs ends with an instruction its CPU lacks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from foreign import GCC, compiled, environment

from arm import system
from builders import PYTHON
from wheelforge.recipe import PythonCheck
from wheelforge.sigill import Reporter
from wheelforge.trial import Outcome, make_trial

SOURCE = """
static __attribute__((noinline)) void sdot(void) {
    __asm__ volatile("nop\\n udot v0.4s, v1.16b, v2.16b" ::: "v0");
}
void go(void) { sdot(); }
"""
WAYS = {
    "plainly": "library.go()",
    "in a thread": "t = threading.Thread(target=library.go); t.start(); t.join()",
    "under faulthandler": "faulthandler.enable(); library.go()",
    "on a64fx only": "library.go()",
}


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_where_a_check_of_an_emulated_python_ended(tmp_path: Path, arm: Path, way: str) -> None:
    root, (python_path,) = system(arm).path, system(arm).pythons.values()
    cpu = "neoverse-n1" if "only" in way else "a64fx"
    environment(cpu)
    env = {"QEMU_LD_PREFIX": root, "QEMU_CPU": cpu}
    python = msgspec.structs.replace(PYTHON, path=f"{root}/{python_path}", env=env)
    compiler = (GCC, f"--sysroot={root}")
    home = tmp_path / "trial/venv/lib/python3.13/site-packages/demo.libs"

    async def scenario() -> Outcome:
        reporter = Reporter(home=tmp_path / "home", compiler=compiler)
        trial = await make_trial(python, tmp_path / "trial", reporter=reporter)
        library = compiled(GCC, SOURCE, home / "libdot.so", *compiler[1:], "-shared", "-fPIC",
                           "-march=armv8.4-a")  # fmt: skip
        code = f"import ctypes, faulthandler, threading; library = ctypes.CDLL('{library}')\n"
        return await trial.check(PythonCheck(name="it", code=code + WAYS[way]))

    outcome = asyncio.run(scenario())
    if cpu == "neoverse-n1":
        assert outcome.ok, outcome.detail
        return
    assert outcome.detail.startswith(
        "ended by SIGILL: udot v0.4s, v1.16b, v2.16b (0x6e829420; dotprod) in demo.libs/libdot.so,"
        " function sdot+0x4\n"
    )
    assert outcome.remedy.startswith("the CPU emulated here (a64fx) lacks that instruction")

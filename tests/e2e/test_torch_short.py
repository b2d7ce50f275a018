"""The short form of the torch build: the real plan's first part, up to a library of torch's.

Sources, Debian's patches, sysroot, emulated Python, configuration, and c10 compiled and linked: all
as in the build of hours that the session `real_stack` is, without what it is computed with.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from arm import NAME, arm_home
from command_line import Forge
from wheelforge import elf

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SYSROOT = f"{NAME}-torch"
OVERLAY = '[build.env]\nUSE_LAPACK = "OFF"\n'  # there is no OpenBLAS here
LIBRARY = "build/lib/libc10.so"


def test_torch_is_configured_and_c10_is_built(tmp_path: Path) -> None:
    if shutil.which("protoc") is None:
        pytest.skip("torch's build calls protoc")
    home = arm_home(tmp_path)
    forge = Forge(tmp_path)
    forge.good("sysroot", "create", SYSROOT)
    (tmp_path / "over").mkdir()
    (tmp_path / "over/torch.toml").write_text(OVERLAY)
    options = ["--overlay", "debian", "--overlay", str(tmp_path / "over"), "--target", "a64fx"]
    options += ["--toolchain", "aarch64-cross", "--sysroot", SYSROOT, "--only"]
    said = forge.good(
        "plan", "torch==2.6.0", *options, "--onednn", "off", "--blas", "none", "--json"
    )
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(shortened(json.loads(said))))
    step = json.loads(plan.read_text())["steps"][-1]
    for name in (*step["needs"], step["id"]):
        forge.good("step", "run", str(plan), name)
    (library,) = home.glob("store/*-torch-2.6.0/" + LIBRARY)
    facts = elf.read(library)
    assert (facts.machine, facts.soname) == ("aarch64", "libc10.so")
    assert facts.alignment >= 1 << 16
    (log,) = home.glob("runs/*/logs/build-torch.log")
    told = dict(re.findall(r"^--   (\w+) +: (.*)$", log.read_text(), re.MULTILINE))
    assert (told["BUILD_PYTHON"], told["USE_NUMPY"], told["USE_XNNPACK"]) == ("True", "ON", "ON")


def shortened(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan up to torch's build, whose last command configures and makes c10 only."""
    steps = plan["steps"]
    build = next(step for step in steps if step["id"] == "build:torch")
    wheel = build["commands"].pop()
    python, *_ = wheel["argv"]
    configure = [python, "setup.py", "build", "--cmake-only"]
    make = ["cmake", "--build", "build", "--target", "c10"]
    build["commands"] += [
        {**wheel, "label": "configure", "argv": configure},
        {**wheel, "label": "c10", "argv": make},
    ]
    build["result"] = "library"
    build["install"] = {"keep": [LIBRARY], "move": {}}
    build["inputs"]["short"] = "c10"
    return {**plan, "steps": [*steps[: steps.index(build)], build]}

"""Python checks in the exported script: what a library says decides there too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wheelforge.recipe import Primitives, PythonCheck
from wheelforge.shell.checks import FUNCTION, python_check

SAYS = """
import os
if os.environ.get("DNNL_VERBOSE") == "1":
    print("onednn_verbose,v1,primitive,exec,cpu,matmul,{},undef,src_f32::blocked:ab,,,2x2,0.1")
    print("onednn_verbose,v1,primitive,exec,cpu,reorder,jit:uni,undef,src,,,2x2,0.1")
    print("onednn_verbose,info,cpu,isa:none")
"""


@pytest.mark.parametrize(
    ("implementation", "code"),
    [("brg:sve_512", 0), ("acl", 0), ("gemm:jit", 1), ("ref:any", 1), ("gemm:ref", 1)],
)
def test_implementations_decide(tmp_path: Path, implementation: str, code: int) -> None:
    wanted = Primitives(ran={"matmul": ("acl", "*sve*", "ref*", "*:ref")})
    check = PythonCheck(name="it", code=SAYS.format(implementation), primitives=wanted)
    lines = ["set -euo pipefail", FUNCTION.format(), f"work={tmp_path}"]
    script = "\n".join([*lines, *python_check(check, f'cd "$work" && {sys.executable}')])
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=False)
    assert done.returncode == code, done.stderr


def test_a_primitive_that_never_ran(tmp_path: Path) -> None:
    check = PythonCheck(name="it", code="", primitives=Primitives(ran={"matmul": ("*",)}))
    lines = ["set -euo pipefail", FUNCTION.format(), f"work={tmp_path}"]
    script = "\n".join([*lines, *python_check(check, f'cd "$work" && {sys.executable}')])
    assert subprocess.run(["bash", "-c", script], check=False).returncode == 1

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from builders import HERE
from fake_wheels import make_wheel
from wheelforge.errors import RejectedError
from wheelforge.recipe import Primitives, PythonCheck
from wheelforge.sigill import Reporter
from wheelforge.trial import Outcome, Trial, make_trial

if TYPE_CHECKING:
    from pathlib import Path

SIGILL = "import os, signal; os.kill(os.getpid(), signal.SIGILL)"


def test_exactly_the_given_wheels_are_installed(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "wheels", "top", requires=["absent"])
    code = "import os, sys, top; assert os.environ['MARK'] == 'x'; print(os.listdir()); sys.exit(5)"

    async def scenario() -> tuple[Trial, str]:
        trial = await make_trial(HERE, tmp_path / "trial", {"MARK": "x"})
        (await trial.install([wheel])).require("install", "here")
        assert not (await trial.consistent()).ok
        outcome = await trial.check(PythonCheck(name="import", code=code))
        return trial, outcome.detail

    trial, detail = asyncio.run(scenario())
    assert detail == "ended with code 5\n    []"
    assert "[]" in (trial.root / "trial.log").read_text()
    trial.remove()
    assert [path.name for path in trial.root.iterdir()] == ["trial.log"]


def test_a_wheel_for_another_platform_is_rejected(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "top", tag="cp38-cp38-manylinux_2_17_s390x")

    async def scenario() -> None:
        trial = await make_trial(HERE, tmp_path / "trial")
        (await trial.install([wheel])).require("top does not install", "step top")

    with pytest.raises(RejectedError, match="top does not install: ended with code"):
        asyncio.run(scenario())


def test_a_check_that_never_ends_is_ended(tmp_path: Path) -> None:
    async def scenario() -> str:
        trial = await make_trial(HERE, tmp_path / "trial")
        check = PythonCheck(name="hang", code="import time; time.sleep(60)")
        return (await trial.check(check, timeout=1.0)).detail

    assert "time limit of 1 s" in asyncio.run(scenario())


def checked(root: Path, code: str, reporter: Reporter | None) -> Outcome:
    async def scenario() -> Outcome:
        trial = await make_trial(HERE, root / "trial", reporter=reporter)
        return await trial.check(PythonCheck(name="it", code=code))

    return asyncio.run(scenario())


def test_a_check_that_ends_by_sigill_without_a_reporter(tmp_path: Path) -> None:
    ended = "ended by signal 4, Illegal instruction (it holds instructions this CPU lacks)"
    assert checked(tmp_path, SIGILL, None).detail == ended
    reporter = Reporter(home=tmp_path, compiler=("no-such-cc",))
    outcome = checked(
        tmp_path, f"print('seen'); import sys; sys.stdout.flush(); {SIGILL}", reporter
    )
    head, tail = outcome.detail.split("\n")
    assert head.startswith(f"{ended}; where is not known: no-such-cc: there is no compiler for ")
    assert tail == "    seen"


def test_a_check_that_ends_by_sigill_is_run_once_more(tmp_path: Path) -> None:
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    reporter = Reporter(home=tmp_path / "home")
    outcome = checked(tmp_path, f"print('seen', flush=True); {SIGILL}", reporter)
    assert outcome.detail == (
        "ended by SIGILL: no instruction was refused, the signal was sent\n    seen"
    )
    code = f"import pathlib; p = pathlib.Path('x'); p.exists() and exit(); p.touch(); {SIGILL}"
    assert checked(tmp_path, code, reporter).detail.endswith(
        "; where is not known: run once more it ended with code 0 and said nothing"
    )


def test_what_is_to_be_done_comes_before_the_command() -> None:
    outcome = Outcome(ok=False, detail="why", command="cmd", remedy="do this")
    with pytest.raises(RejectedError) as caught:
        outcome.require("what", "where")
    assert caught.value.remedy == "do this\n  to see it again:\n    cmd"


SAYS = """
import os
if os.environ.get("DNNL_VERBOSE") == "1":
    print("onednn_verbose,v1,primitive,exec,cpu,matmul,{},undef,src,,,2x2,0.1")
"""


@pytest.mark.parametrize(
    ("implementation", "said"),
    [
        ("brg:sve_512", ""),
        ("gemm:jit", "matmul by gemm:jit, not by acl or *sve*"),
        (
            "ref:any",
            "matmul by ref:any, not by acl or *sve*\n    matmul by ref:any, which is refused",
        ),
    ],
)
def test_the_implementations_a_check_runs(tmp_path: Path, implementation: str, said: str) -> None:
    async def scenario() -> Outcome:
        trial = await make_trial(HERE, tmp_path / "trial")
        wanted = Primitives(ran={"matmul": ("acl", "*sve*")})
        code = SAYS.format(implementation)
        return await trial.check(PythonCheck(name="it", code=code, primitives=wanted))

    outcome = asyncio.run(scenario())
    assert (outcome.ok, outcome.detail) == (not said, said)
    assert outcome.ran == f"matmul by {implementation} (1 ×)" or said

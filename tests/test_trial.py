from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from builders import HERE
from fake_wheels import make_wheel
from wheelforge.errors import RejectedError
from wheelforge.recipe import PythonCheck
from wheelforge.trial import Trial, make_trial

if TYPE_CHECKING:
    from pathlib import Path


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

"""The rules for wheels in the check step: errors reject, warnings are told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from builders import HERE
from drafts import EXTRA, Draft, good_files, linked, needs_cc
from jobs import Bench
from wheelforge.audit.rules import VERSION
from wheelforge.check import check
from wheelforge.errors import RejectedError
from wheelforge.events import Notice, OutputLine
from wheelforge.graph import CheckStep, WheelCheck

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_cc


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    (tmp_path / "draft").mkdir()
    return Draft(tmp_path / "draft", good_files(tmp_path / "draft"))


def run(bench: Bench, draft: Draft, page_size: int = 4096, **companions: str) -> list[str]:
    """The warnings of a wheel that is checked."""
    wheel = draft.packed()
    entry = bench.entry("demo", {wheel.name: wheel.read_bytes()}, wheel.name)
    step = CheckStep(
        id="check:demo", name="demo", version="1.0", needs=("repair:demo",), of="repair:demo",
        install=("repair:demo",), python=HERE, checks=(),
        wheel=WheelCheck(rules=VERSION, page_size=page_size, companions=companions),
    )  # fmt: skip
    asyncio.run(check(bench.job(step, {"repair:demo": entry}), step))
    assert [line.text for line in bench.told(OutputLine)] == ["passed: rules for wheels"]
    return [notice.text for notice in bench.told(Notice)]


def test_a_good_wheel(bench: Bench, draft: Draft) -> None:
    assert run(bench, draft, 0x10000, base="2.6.0") == []
    assert "note: " in bench.log("check-demo")


def test_warnings_are_told(bench: Bench, draft: Draft) -> None:
    name = "libgomp-98df74fd.so.1"
    data = linked(draft.folder, name, "int omp(void) { return 1; }")
    draft.files[f"demo.libs/{name}"] = data
    [warning] = run(bench, draft)
    text = f"warning: demo.libs/{name}: libgomp.so.1 is called {name} (runtime.hashed)"
    assert warning == f"check:demo: {text}"
    assert f"{text}\n" in bench.log("check-demo")


def test_errors_reject(bench: Bench, draft: Draft) -> None:
    draft.files[EXTRA] = draft.compiled("int a(void) { return 1; }", "-Wl,-rpath,/opt/lib")
    draft.rows["demo/gone.py"] = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0"
    with pytest.raises(RejectedError) as caught:
        run(bench, draft)
    error = caught.value
    assert error.where == "check:demo"
    assert f"{EXTRA}: its search path or needs hold '/opt/lib' (load.path: " in error.what
    assert "record.absent" in error.what
    assert "patchelf --set-rpath" in error.remedy
    assert f"error: {EXTRA}: its search path" in bench.log("check-demo")


def test_the_target_and_the_plan_say_what_is_asked(bench: Bench, draft: Draft) -> None:
    with pytest.raises(RejectedError, match=r"aligned to 65536 bytes, not 1048576"):
        run(bench, draft, 1 << 20)
    with pytest.raises(RejectedError, match=r"asks for base 2\.6\.0; demo 1\.0 goes with 2\.7\.0"):
        run(bench, draft, base="2.7.0")
    with pytest.raises(RejectedError, match=r"does not ask for other \(pins\.companion"):
        run(bench, draft, other="1.0")


def test_folders_of_this_machine(bench: Bench, draft: Draft) -> None:
    draft.files["demo/demo.pc"] = f"prefix={bench.home}/work/x\n".encode()
    [first] = run(bench, draft)
    assert first.startswith("check:demo: warning: demo/demo.pc: ")
    assert first.endswith("(path.text)")

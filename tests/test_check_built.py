"""Checks of how something was built: made, failed, and not possible."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from builders import PYTHON
from jobs import Bench, manifest
from wheelforge.check import check
from wheelforge.errors import RejectedError
from wheelforge.events import Notice, OutputLine
from wheelforge.evidence import Cache, Compile, Evidence, Setting, encode
from wheelforge.graph import CheckStep
from wheelforge.recipe import Check, CMakeCheck, CommandsCheck, FileCheck
from wheelforge.store import EVIDENCE, Entry

WORDS = ("cc", "-O3", "-c", "a.c")
COMMANDS = (Compile("@{src}/a.c", "@{src}/a.o", "c", "@{src}", WORDS),)
GOOD = Evidence(
    commands=COMMANDS, caches=(Cache("@{build}/CMakeCache.txt", {"ACL": Setting("BOOL", "ON")}),)
)
OPTIMISED = CommandsCheck(every=("-O2|-O3",))
WITH_ACL = CMakeCheck(cache={"ACL": True})


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def entry(bench: Bench, evidence: Evidence | None) -> Entry:
    folder = bench.root / "made"
    folder.mkdir()
    (folder / "file").write_text("text\n")
    proof = encode(evidence) if evidence else b""
    return bench.store.publish(folder, manifest("lib"), proof)


def run(bench: Bench, result: Entry, *checks: Check) -> Entry:
    step = CheckStep(
        id="check:lib", name="lib", version="1.0", needs=("build:lib",), of="build:lib",
        install=(), python=PYTHON, checks=checks,
    )  # fmt: skip
    return asyncio.run(check(bench.job(step, {"build:lib": result}), step))


def test_good_evidence_passes_and_is_no_file_of_the_result(bench: Bench) -> None:
    result = entry(bench, GOOD)
    assert (result.path / EVIDENCE).is_file()
    made = run(bench, result, OPTIMISED, WITH_ACL, FileCheck(path="**/*", count=1))
    assert [line.text for line in bench.told(OutputLine)] == [
        "passed: file **/*", "passed: compile commands", "passed: CMake's variables",
    ]  # fmt: skip
    assert bench.store.find(made.manifest.key, "lib", "1.0").entry


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (CommandsCheck(every=("-O2",)), r"1 of 1 files were compiled without -O2: a\.c \(-O3\)"),
        (CommandsCheck(flags="-mcpu=a64fx"), r"without -mcpu=a64fx: a\.c \(no -march\)"),
        (CMakeCheck(cache={"ACL": False}), r"ACL is 'ON', not OFF \(build/CMakeCache\.txt\)"),
        (
            CMakeCheck(cache={"BLAS": "Open", "ACL": "2"}),
            r"BLAS is not set, and should be Open \(build/C.*\); ACL is 'ON', not 2",
        ),
    ],
)
def test_a_check_that_fails_says_what_and_where_to_look(
    bench: Bench, item: CommandsCheck | CMakeCheck, says: str
) -> None:
    with pytest.raises(RejectedError, match=says) as caught:
        run(bench, entry(bench, GOOD), item)
    assert caught.value.where == "check:lib"
    assert "wheelforge store evidence lib" in caught.value.remedy


UNGATED = Evidence(missing="no gate stood before its compilers", caches=GOOD.caches)


@pytest.mark.parametrize(
    ("evidence", "why"),
    [(None, "no evidence was kept when it was built"), (UNGATED, "no gate stood before")],
)
def test_what_is_not_known_is_said_every_time(
    bench: Bench, evidence: Evidence | None, why: str
) -> None:
    result = entry(bench, evidence)
    for _ in range(2):
        made = run(bench, result, OPTIMISED, WITH_ACL, FileCheck(path="file"))
        assert bench.store.find(made.manifest.key, "lib", "1.0").entry is None
        [notice] = bench.told(Notice)
        assert notice.text.startswith(f"check:lib: how it was compiled was not checked: {why}")
        assert f"rm -r {result.path}" in notice.text
        passed = [line.text for line in bench.told(OutputLine)]
        assert "passed: file file" in passed
        assert "passed: compile commands" not in passed
        assert ("passed: CMake's variables" in passed) is (evidence is not None)
        bench.events.clear()


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (CommandsCheck(every=("-O3",), required=True), "compile commands cannot be checked: no e"),
        (CMakeCheck(cache={"ACL": True}, required=True), "CMake's variables cannot be checked: no"),
    ],
)
def test_a_recipe_may_insist(bench: Bench, item: CommandsCheck | CMakeCheck, says: str) -> None:
    with pytest.raises(RejectedError, match=says) as caught:
        run(bench, entry(bench, None), item)
    assert caught.value.remedy.startswith("to build it again: rm -r ")

from __future__ import annotations

import os
import re
import signal
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import pytest

from scripted import Yard, ended, until
from wheelforge import building, resources
from wheelforge.errors import BuildError, InputError, InterruptedRunError
from wheelforge.events import (
    Event,
    Notice,
    RunFinished,
    RunStarted,
    StepFinished,
    StepQueued,
    StepStarted,
)
from wheelforge.graph import Plan
from wheelforge.pipeline import Home, Limits
from wheelforge.pipeline import run as run_module
from wheelforge.pipeline.run import Outcome, run_step
from wheelforge.store import collect

if TYPE_CHECKING:
    from pathlib import Path

    from wheelforge.pipeline import Built


def outcome(built: Built) -> Outcome:
    assert built.outcome is not None
    return built.outcome


def statuses(built: Built) -> dict[str, str]:
    return {name: str(result.status) for name, result in outcome(built).results.items()}


def events(folder: Path) -> list[Event]:
    return [
        msgspec.json.decode(line, type=Event)
        for line in (folder / "events.jsonl").read_bytes().splitlines()
    ]


def test_everything_is_built_once_and_then_cached(yard: Yard) -> None:
    yard.library("a")
    yard.library("b", "cp {dep.a}/made made", needs="a")
    built = yard.build("b")
    assert statuses(built) == {"build:a": "built", "build:b": "built"}
    assert outcome(built).error is None
    assert yard.build("b").outcome is None
    assert not list((yard.home / "work").iterdir())


def test_a_run_leaves_a_plan_logs_and_every_event(yard: Yard) -> None:
    yard.library("a")
    yard.library("bad", "echo 'error: no'; exit 3", needs="a")
    yard.library("last", needs="bad")
    folder = outcome(yard.build("last")).folder
    plan = msgspec.json.decode((folder / "plan.json").read_bytes(), type=Plan)
    todo = [step.id for step in plan.todo]
    found = events(folder)
    assert isinstance(found[0], RunStarted)
    assert found[0].steps == tuple(todo)
    assert [event.step for event in found if isinstance(event, StepQueued)] == todo
    started = {event.step: event for event in found if isinstance(event, StepStarted)}
    assert sorted(started) == ["build:a", "build:bad"]
    assert "error: no" in (folder / "logs" / "build-bad.log").read_text()
    ends = {event.step: event for event in found if isinstance(event, StepFinished)}
    assert {name: str(event.status) for name, event in ends.items()} == {
        "build:a": "built", "build:bad": "failed", "build:last": "skipped",
    }  # fmt: skip
    assert ends["build:last"].detail == "because build:bad failed"
    assert isinstance(found[-1], RunFinished)
    assert not found[-1].ok
    assert all(one.at <= two.at for one, two in pairwise(found))


def test_an_independent_branch_is_finished_and_the_error_is_the_first(yard: Yard) -> None:
    yard.library("bad", "exit 3")
    yard.library("good")
    built = yard.build("bad", "good")
    assert statuses(built) == {"build:bad": "failed", "build:good": "built"}
    assert isinstance(outcome(built).error, BuildError)
    again = yard.build("bad", "good")
    assert statuses(again) == {"build:bad": "failed"}


def test_fail_fast(yard: Yard) -> None:
    gate = yard.root / "gate"
    yard.library("bad", f"while ! test -e {gate}; do sleep 0.01; done; exit 3")
    yard.library("slow", f"touch {gate}; sleep 600")
    yard.library("last", needs="slow")
    built = yard.build("bad", "last", limits=Limits(jobs=2, memory=1 << 40, fail_fast=True))
    assert statuses(built) == {
        "build:bad": "failed", "build:slow": "interrupted", "build:last": "skipped",
    }  # fmt: skip
    assert yard.survivors() == []


def test_a_step_starts_the_moment_its_inputs_exist(yard: Yard) -> None:
    """`long` can only end after the other branch has: with rounds this would never end."""
    done = yard.root / "done"
    yard.library("long", f"while ! test -e {done}; do sleep 0.01; done; touch made")
    yard.library("a")
    yard.library("b", f"touch {done} made", needs="a")
    assert set(statuses(yard.build("long", "b")).values()) == {"built"}


def test_an_unchanged_result_spares_its_dependents(yard: Yard) -> None:
    source = yard.library("a", "echo always the same > made")
    yard.library("b", needs="a")
    yard.build("b")
    (source / "file").write_text("a comment")
    assert statuses(yard.build("b")) == {"build:a": "built", "build:b": "cached"}


def test_two_runs_in_one_second_have_folders_of_their_own(yard: Yard) -> None:
    yard.library("bad", "exit 1")
    folders = {outcome(yard.build("bad")).folder for _ in range(3)}
    assert len(folders) == 3


def test_a_bug_of_ours_is_told_with_a_traceback_in_the_log(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard.library("a")
    monkeypatch.setattr(building, "_lay_out", lambda *_: 1 // 0)
    built = yard.build("a")
    assert isinstance(outcome(built).error, ZeroDivisionError)
    log = (outcome(built).folder / "logs" / "build-a.log").read_text()
    assert "_lay_out" in log
    assert "ZeroDivisionError" in log


def test_one_step_of_a_plan_in_a_process_of_its_own(yard: Yard) -> None:
    mended = yard.root / "mended"
    yard.library("a", f"test -e {mended} && touch made")
    yard.library("b", needs="a")
    folder = outcome(yard.build("b")).folder
    plan = msgspec.json.decode((folder / "plan.json").read_bytes(), type=Plan)
    home = Home.open(offline=True)
    early = run_step(plan, "build:b", home, Limits(), lambda _: None)
    assert isinstance(early.error, InputError)
    assert "the step build:a has no result yet" in str(early.error)
    again = run_step(plan, "build:a", home, Limits(), lambda _: None)
    assert isinstance(again.error, BuildError)
    mended.touch()
    for name in ("build:a", "build:b"):
        ran = run_step(plan, name, home, Limits(), lambda _: None)
        assert {step: str(result.status) for step, result in ran.results.items()} == {name: "built"}


def test_a_listener_that_cannot_write_its_disk_does_not_stop_the_run(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is told by the step that filled it."""
    yard.library("a")
    encode = msgspec.json.encode

    def full(value: object, **words: str) -> bytes:
        if isinstance(value, StepStarted):
            raise OSError(28, "full")
        return encode(value, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(msgspec.json, "encode", full)
    assert statuses(yard.build("a")) == {"build:a": "built"}


def waiting_build(yard: Yard) -> Path:
    """A library that is built when the file `go` is there, another before and one after it."""
    go = yard.root / "go"
    yard.library("first")
    wait = f"touch {yard.root}/here; setsid sleep 600 & setsid -w sleep 600"
    yard.library(
        "middle", "echo once >> made", f"test -e {go} || {{ {wait}; }}",
        "echo end >> made", needs="first",
    )  # fmt: skip
    yard.library("last", needs="middle")
    return go


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_and_the_next_run_goes_on(
    yard: Yard, number: signal.Signals
) -> None:
    go = waiting_build(yard)
    running = yard.start("build", "last")
    until((yard.root / "here").exists, "the build waits")
    until(lambda: len(yard.survivors()) >= 3, "its programs run")
    running.send_signal(number)
    ran = ended(running)
    assert ran.code == 130
    assert yard.survivors() == []
    assert re.search(r"built +build:first", ran.out)
    assert re.search(r"stopped +build:middle", ran.out)
    assert re.search(r"skipped +build:last +because the run was stopped", ran.out)
    [run] = (yard.home / "runs").iterdir()
    assert f"run: {run}" in ran.out
    assert "stopped by a signal; nothing is left running" in ran.err
    assert "the same command goes on from here" in ran.err
    finish = events(run)[-1]
    assert isinstance(finish, RunFinished)
    assert not finish.ok
    go.touch()
    built = yard.build("last")
    assert statuses(built) == {"build:middle": "built", "build:last": "built"}
    made = next((yard.home / "store").glob("*-middle-1.0/made")).read_text()
    assert made == "once\nend\n"


def test_an_interrupted_outcome_is_an_error_whatever_the_steps_say(tmp_path: Path) -> None:
    assert isinstance(
        Outcome(folder=tmp_path, results={}, interrupted=True).error, InterruptedRunError
    )
    assert Outcome(folder=tmp_path, results={}).error is None


def test_nohup_means_what_it_says(yard: Yard) -> None:
    go = yard.root / "go"
    here = yard.root / "here"
    yard.library("a", f"touch {here}; while ! test -e {go}; do sleep 0.01; done; touch made")
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        running = yard.start("build", "a")
    finally:
        signal.signal(signal.SIGHUP, old)
    until(here.exists, "the build waits")
    running.send_signal(signal.SIGHUP)
    go.touch()
    assert ended(running).code == 0


def test_after_kill_9_the_next_run_ends_what_is_left_and_goes_on(yard: Yard) -> None:
    go = waiting_build(yard)
    running = yard.start("build", "last")
    until((yard.root / "here").exists, "the build waits")
    until(lambda: len(yard.survivors()) >= 3, "its programs run")
    running.kill()
    ended(running)
    assert yard.survivors() != []
    go.touch()
    assert statuses(yard.build("last")) == {"build:middle": "built", "build:last": "built"}
    assert yard.survivors() == []


def test_two_builds_of_the_same_at_once_do_the_work_once(yard: Yard) -> None:
    log, here, go = (yard.root / name for name in ("compiles", "here", "go"))
    wait = f"touch {here}; while ! test -e {go}; do sleep 0.01; done"
    yard.library("a", f"echo gcc -c a.c | tee -a {log}; {wait}; touch made")
    first = yard.start("build", "a")
    until(here.exists, "the first one builds")
    second = yard.start("build", "a")
    assert second.stdout is not None
    said = iter(second.stdout.readline, "")
    assert any("build:a: waiting for another build of the same" in line for line in said)
    go.touch()
    ran = [ended(first), ended(second)]
    assert [one.code for one in ran] == [0, 0]
    assert log.read_text() == "gcc -c a.c\n"
    assert re.search(r"built +build:a", ran[0].out)
    assert re.search(r"cached +build:a", ran[1].out)


def test_garbage_collection_beside_a_build_takes_nothing_it_needs(yard: Yard) -> None:
    go, here = yard.root / "go", yard.root / "here"
    yard.library("a")
    yard.build("a")
    for folder in (*(yard.home / "store").iterdir(), *(yard.home / "runs").iterdir()):
        os.utime(folder, (1, 1))
    wait = f"touch {here}; while ! test -e {go}; do sleep 0.01; done; cp {{dep.a}}/made made"
    yard.library("b", wait, needs="a")
    running = yard.start("build", "b")
    until(here.exists, "the build waits")
    home = Home.open()
    collect(home.store, home.root, keep_days=0, dry_run=False)
    assert len(list((yard.home / "runs").iterdir())) == 1
    go.touch()
    assert ended(running).code == 0


def broken(_: object) -> None:
    raise InputError("what it makes does not run", where="/usr/bin/cc")


@pytest.mark.parametrize(
    ("gate", "why"),
    [(lambda _: None, "no C compiler of its own"), (broken, "what it makes does not run")],
)
def test_without_a_gate_jobs_are_counted_and_the_run_says_so(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, gate: object, why: str
) -> None:
    monkeypatch.setattr(run_module, "gate", gate)
    yard.library("a")
    yard.library("b", "cp {dep.a}/made made", needs="a")
    told: list[Event] = []
    assert statuses(yard.build("b", listener=told.append)) == {
        "build:a": "built",
        "build:b": "built",
    }
    notices = [event.text for event in told if isinstance(event, Notice)]
    assert any("without a gate" in text and why in text for text in notices)
    jobs = [event.jobs for event in told if isinstance(event, StepStarted)]
    assert jobs == [2, 2]


def test_the_least_of_the_limits_wins(yard: Yard) -> None:
    yard.library("a")
    told: list[Event] = []
    yard.build("a", listener=told.append, limits=Limits(jobs=10_000, memory=1 << 30))
    (started,) = (event for event in told if isinstance(event, RunStarted))
    assert started.jobs == resources.processors()
    assert started.memory <= 1 << 30

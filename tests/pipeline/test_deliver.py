from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import msgspec
import pytest

from fake_wheels import make_wheel
from scripted import ended, until
from wheelforge import pipeline
from wheelforge.errors import InputError, RejectedError
from wheelforge.pipeline import Home, house
from wheelforge.pipeline.house import RECORD, read_house

if TYPE_CHECKING:
    from pathlib import Path

    from scripted import Yard

CHECK = '[[checks]]\ntype = "python"\nname = "imports"\ncode = "{code}"\n'


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file with its bytes and its time."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_wheels_lock_and_index_are_delivered_and_a_second_build_changes_nothing(yard: Yard) -> None:
    yard.wheel("demo")
    built = yard.build("demo")
    assert built.changed
    assert {path.name for path in built.files} >= {
        "demo-1.0-py3-none-any.whl", "requirements.lock", "pylock.toml",
    }  # fmt: skip
    before = contents(yard.wheelhouse)
    assert "simple/demo/index.html" in before
    again = yard.build("demo")
    assert not again.changed
    assert contents(yard.wheelhouse) == before


def test_a_wheelhouse_grows_and_its_results_are_rooted(yard: Yard) -> None:
    yard.wheel("one")
    yard.wheel("two")
    yard.build("one")
    yard.build("two")
    house = read_house(yard.wheelhouse)
    assert house is not None
    assert sorted(house.wheels) == ["one", "two"]
    assert "one==1.0" in (yard.wheelhouse / "requirements.lock").read_text()
    [root] = (yard.home / "roots").iterdir()
    keys = set(msgspec.json.decode(root.read_bytes())["keys"])
    assert keys == set(house.keys)
    assert {entry.manifest.key for entry in Home.open().store.entries()} == keys


def test_a_wheel_that_was_damaged_or_removed_is_put_back(yard: Yard) -> None:
    yard.wheel("demo")
    yard.build("demo")
    wheel = yard.wheelhouse / "demo-1.0-py3-none-any.whl"
    good = wheel.read_bytes()
    wheel.write_bytes(good[:-1])
    assert yard.build("demo").changed
    wheel.unlink()
    assert yard.build("demo").changed
    assert wheel.read_bytes() == good


@pytest.mark.parametrize("together", [True, False])
def test_two_wheels_with_one_file_leave_the_wheelhouse_as_it_was(
    yard: Yard, together: bool
) -> None:
    """Also when one of them was there before."""
    yard.wheel("good")
    yard.wheel("one", files={"same.py": "1"})
    yard.wheel("two", files={"same.py": "2"})
    yard.build("good")
    if not together:
        yard.build("one")
    before = contents(yard.wheelhouse)
    with pytest.raises(InputError, match=r"one 1\.0 and two 1\.0 both install same\.py"):
        yard.build(*(["one", "two"] if together else ["two"]))
    assert contents(yard.wheelhouse) == before


def test_a_requirement_nobody_satisfies_leaves_the_wheelhouse_as_it_was(yard: Yard) -> None:
    yard.wheel("good")
    yard.build("good")
    before = contents(yard.wheelhouse)
    yard.wheel("needy", requires=["absent-package>=3"])
    with pytest.raises(InputError, match="absent-package>=3"):
        yard.build("needy")
    assert contents(yard.wheelhouse) == before


def tried(yard: Yard, monkeypatch: pytest.MonkeyPatch, requires: str) -> dict[str, str]:
    """The wheels delivered where a wheel is tried with helper 1.0, and there is a newer one."""
    links = yard.root / "links"
    for version in ("1.0", "2.0"):
        make_wheel(links, "helper", version)
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    more = '[trial]\nrequires = ["helper==1.0"]\n' + CHECK.format(code="import helper, demo")
    yard.wheel("demo", more, requires=[requires])
    yard.build("demo")
    house = read_house(yard.wheelhouse)
    assert house is not None
    return house.wheels


def test_what_a_wheel_was_tried_with_is_delivered(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tried(yard, monkeypatch, "helper")["helper"] == "helper-1.0-py3-none-any.whl"


def test_what_does_not_fit_is_not_delivered(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tried(yard, monkeypatch, "helper>1")["helper"] == "helper-2.0-py3-none-any.whl"


def test_checks_go_with_what_the_wheel_calls_itself(yard: Yard) -> None:
    source = yard.wheel("demo-npu", CHECK.format(code="import demo"))
    next(source.glob("*.whl")).unlink()
    make_wheel(source, "demo")
    recipe = yard.recipes / "demo-npu.toml"
    recipe.write_text(f'distribution = "demo"\n{recipe.read_text()}')
    assert "demo: imports" in yard.build("demo-npu", prove=True).proven
    house = read_house(yard.wheelhouse)
    assert house is not None
    assert list(house.wheels) == list(house.checks) == ["demo"]


def changed_record(yard: Yard, **words: object) -> None:
    path = yard.wheelhouse / RECORD
    house = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode({**house, **words}))


def test_a_wheelhouse_of_another_processor_is_refused_before_anything_runs(yard: Yard) -> None:
    yard.wheel("demo")
    yard.build("demo")
    changed_record(yard, archspec="a64fx", target="a64fx")
    yard.wheel("other")
    runs = list((yard.home / "runs").iterdir())
    with pytest.raises(InputError, match="it holds wheels for a64fx and cp3") as caught:
        yard.build("other")
    assert "--wheelhouse" in caught.value.remedy
    assert list((yard.home / "runs").iterdir()) == runs


@pytest.mark.parametrize("record", [b"{", b'{"target": 3}', b'"\xff"'])
def test_a_damaged_record_is_named(yard: Yard, record: bytes) -> None:
    yard.wheel("demo")
    yard.wheelhouse.mkdir()
    (yard.wheelhouse / RECORD).write_bytes(record)
    with pytest.raises(InputError, match=rf"wheelhouse/{RECORD}: it cannot be read"):
        yard.build("demo")


def test_a_record_that_cannot_be_read_or_written_is_named(yard: Yard) -> None:
    yard.wheel("demo")
    (yard.wheelhouse / RECORD).mkdir(parents=True)
    with pytest.raises(InputError, match=rf"wheelhouse/{RECORD}: it cannot be read"):
        yard.build("demo")


def test_a_file_in_place_of_the_wheelhouse_is_refused(yard: Yard) -> None:
    yard.wheel("demo")
    yard.wheelhouse.touch()
    with pytest.raises(InputError, match=r"--wheelhouse .*: it cannot be written"):
        yard.build("demo")
    assert not (yard.home / "store").exists()


def test_a_read_only_wheelhouse_is_refused_before_anything_runs(yard: Yard) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a read-only file system needs root")
    yard.wheel("demo")
    yard.wheelhouse.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(yard.wheelhouse)]
    if subprocess.run(argv, check=False, capture_output=True).returncode:
        pytest.skip("root may not mount here")
    try:
        with pytest.raises(InputError, match=r"--wheelhouse .*: it cannot be written"):
            yard.build("demo")
    finally:
        subprocess.run(["umount", yard.wheelhouse], check=True)
    assert not (yard.home / "store").exists()


def test_libraries_alone_are_not_delivered(yard: Yard) -> None:
    yard.library("a")
    built = yard.build("a")
    assert (built.files, built.changed) == ((), False)
    assert not yard.wheelhouse.exists()


def test_a_wheelhouse_is_proven_once(yard: Yard) -> None:
    yard.wheel("demo", CHECK.format(code="import demo"))
    first = yard.build("demo", prove=True)
    assert any("imports" in name for name in first.proven)
    assert house.proven(yard.wheelhouse)
    assert yard.build("demo", prove=True).proven == ()
    assert not [path for path in (yard.home / "work").iterdir() if "verify" in path.name]


def test_what_was_not_proven_is_proven_by_the_next_build(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a build whose proof failed would be called up to date when it is repeated."""
    yard.wheel("demo", CHECK.format(code="import demo"))
    yard.build("demo")

    def fail(*_: object) -> list[str]:
        raise RejectedError("1 of 1 checks failed")

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "verify", fail)
        for _ in range(2):
            with pytest.raises(RejectedError):
                yard.build("demo", prove=True)
    again = yard.build("demo", prove=True)
    assert again.proven
    assert not again.changed


def test_what_is_no_wheelhouse_cannot_be_verified(yard: Yard) -> None:
    with pytest.raises(InputError, match="it is not a wheelhouse that wheelforge wrote"):
        pipeline.verify(yard.root, Home.open(), print)


def proving(yard: Yard, *words: str) -> subprocess.Popen[str]:
    """A build in a process of its own that also proves the wheelhouse."""
    argv = [word for word in yard.command("build", *words) if word != "--no-verify"]
    return subprocess.Popen(
        argv, env=yard.env(), cwd=yard.root, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def test_two_builds_into_one_wheelhouse_at_once(yard: Yard) -> None:
    code = "import demo, time; time.sleep(0.2)"
    yard.wheel("demo", CHECK.format(code=code))
    ran = [ended(one) for one in [proving(yard, "demo") for _ in range(2)]]
    assert [(one.code, one.err) for one in ran] == [(0, "")] * 2
    assert house.proven(yard.wheelhouse)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_wheelhouse_is_proven(yard: Yard, number: signal.Signals) -> None:
    """The check passes in its step and never ends in the wheelhouse's environment."""
    first, pid = yard.root / "first", yard.root / "pid"
    code = (
        "import os, pathlib, time\\n"
        f"first, pid = pathlib.Path('{first}'), pathlib.Path('{pid}')\\n"
        "if first.exists(): pid.write_text(str(os.getpid())); time.sleep(600)\\n"
        "first.touch()"
    )
    yard.wheel("demo", CHECK.format(code=code))
    running = proving(yard, "demo")
    until(lambda: pid.exists() and pid.read_text(), "the check runs a second time")
    running.send_signal(number)
    ran = ended(running)
    assert (ran.code, ran.err) == (130, "stopped\n")
    assert not os.path.exists(f"/proc/{pid.read_text()}")  # noqa: PTH110
    assert not house.proven(yard.wheelhouse)

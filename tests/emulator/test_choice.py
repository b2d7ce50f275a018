from __future__ import annotations

import platform
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from builders import TARGET
from wheelforge import catalog, emulator
from wheelforge.emulator import Emulator, Formats, Registration, choice, fault
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from wheelforge.target import Target

ENTRY = Registration(name="qemu-aarch64", interpreter="/usr/bin/qemu-aarch64-static", flags="F")
READY = Formats(known=True, mounted=True, enabled=True, registrations=(ENTRY,))
WORKING = Emulator(
    machine="aarch64",
    fault="",
    formats=READY,
    registration=ENTRY,
    version="7.2.22",
    models=frozenset({"a64fx", "neoverse-n1", "cortex-a53", "max"}),
)
BROKEN = replace(WORKING, fault="cannot start it: Exec format error", version="")
MOUNT = "mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc"


@pytest.mark.parametrize(
    ("found", "what", "apt", "dnf"),
    [
        (Emulator(machine="aarch64"), "not mounted", f"modprobe binfmt_misc; {MOUNT}", "mount"),
        (replace(BROKEN, formats=Formats(known=True)), "not mounted", MOUNT, MOUNT),
        (replace(BROKEN, formats=replace(READY, enabled=False)), "switched off",
         "echo 1 > /proc/sys/fs/binfmt_misc/status", "echo 1"),
        (replace(BROKEN, registration=None), "there is no qemu for aarch64",
         "apt-get install qemu-user-static binfmt-support", "dnf install qemu-user-static"),
        (replace(BROKEN, registration=None, installed="/usr/bin/q"),
         "/usr/bin/q is here, but not registered", "update-binfmts --enable qemu-aarch64",
         "systemctl restart systemd-binfmt"),
        (replace(BROKEN, registration=replace(ENTRY, enabled=False)),
         "qemu-aarch64 is switched off", "update-binfmts --enable qemu-aarch64",
         "echo 1 > /proc/sys/fs/binfmt_misc/qemu-aarch64"),
        (replace(BROKEN, registration=replace(ENTRY, present=False)),
         "/usr/bin/qemu-aarch64-static is not here", "apt-get install", "dnf install"),
        (BROKEN, "does not run (/usr/bin/qemu-aarch64-static, flags F): cannot start it",
         "--reinstall", "reinstall"),
    ],
)  # fmt: skip
def test_each_thing_that_is_missing_has_its_own_mending(
    found: Emulator, what: str, apt: str, dnf: str
) -> None:
    wrong = fault(found)
    assert wrong is not None
    assert what in wrong.what
    assert apt in wrong.apt
    assert dnf in wrong.dnf


def test_what_works_has_no_fault_whatever_is_registered() -> None:
    assert fault(WORKING) is None
    assert fault(replace(WORKING, formats=Formats(), registration=None)) is None


def target(**changes: object) -> Target:
    return msgspec.structs.replace(TARGET, **changes)


@pytest.mark.parametrize(
    ("emulated", "loosely", "expected"),
    [
        (("a64fx",), ("max",), [("a64fx", True), ("max", False)]),
        (("neoverse-v1",), ("max",), [("max", False)]),
        (("neoverse-v2", "neoverse-n1"), (), [("neoverse-n1", True)]),
        ((), ("max,sve=off", "max"), [("max,sve=off", False), ("max", False)]),
        ((), (), []),
    ],
)
def test_the_best_cpu_that_qemu_knows(
    emulated: tuple[str, ...], loosely: tuple[str, ...], expected: list[tuple[str, bool]]
) -> None:
    aim = target(emulated=emulated, emulated_loosely=loosely)
    found = list(emulator.choices(WORKING, aim))
    assert [(item.cpu, item.faithful) for item in found] == expected
    assert all(bool(item.note) != item.faithful for item in found)
    assert all(item.env == {"QEMU_CPU": item.cpu} for item in found)


def test_a_weak_proof_is_said_to_be_one() -> None:
    (weak,) = emulator.choices(WORKING, target(name="v1", emulated=("neoverse-v1",)))
    assert weak.note == (
        "QEMU_CPU=max also runs instructions that v1 lacks; qemu 7.2.22 does not know neoverse-v1:"
        " that something runs here is no proof that it runs there"
    )


def test_a_cpu_that_does_not_start_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def runs(machine: str, cpu: str) -> str:
        assert machine == "aarch64"
        return "no such property" if "=" in cpu else ""

    monkeypatch.setattr(choice, "runs", runs)
    chosen = emulator.emulation(WORKING, target(emulated=(), emulated_loosely=("max,x=off", "max")))
    assert chosen.cpu == "max"
    with pytest.raises(InputError, match=r"\(max,x=off\): no such property"):
        emulator.emulation(WORKING, target(emulated=(), emulated_loosely=("max,x=off",)))
    with pytest.raises(InputError, match=r"qemu 7\.2\.22 can be no CPU of this target's \(z1\)\n"):
        emulator.emulation(WORKING, target(emulated=("z1",), emulated_loosely=()))


def test_what_cannot_run_here_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "look", lambda machine: Emulator(machine=machine))
    with pytest.raises(InputError, match="programs for aarch64 do not run here") as caught:
        emulator.require(target(), host="x86_64")
    assert caught.value.where == "target a64fx"
    assert caught.value.remedy == f"as root: modprobe binfmt_misc; {MOUNT}"
    assert emulator.require(target(), host="aarch64") is None
    assert emulator.require(target(machine="native")) is None


def test_a_real_look_at_this_machine() -> None:
    own = emulator.look(platform.machine())
    assert own.works
    assert not own.models
    assert emulator.look("vax").fault == "nothing is known of vax's programs"


def test_a_look_that_finds_nothing(tmp_path: Path) -> None:
    found = emulator.look("ppc64le", tmp_path)
    assert found.formats == Formats()
    assert (fault(found) is None) == found.works


def test_every_target_of_another_machine_says_what_emulates_it() -> None:
    for name in catalog.targets():
        found = catalog.load_target(name)
        if found.machine == "aarch64":
            assert found.emulated or found.emulated_loosely != ("max",), name
        assert "max" not in {model.partition(",")[0] for model in found.emulated}


def test_the_qemu_of_this_machine() -> None:
    found = emulator.look("aarch64")
    if not found.works or found.registration is None:
        pytest.skip(f"programs for aarch64 are not emulated here: {found.fault}")
    assert found.version
    assert "max" in found.models
    assert emulator.emulation(found, catalog.load_target("neoverse-n1")).cpu in found.models

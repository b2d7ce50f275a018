"""A target of another machine: what is said of its emulator and its sysroot."""

from __future__ import annotations

import platform
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
from nodes import A64FX, GENERAL, GOOD, found, levels

from wheelforge.doctor import Level, Trouble
from wheelforge.doctor.finding import Mend, run
from wheelforge.doctor.machine import Foreign, Start
from wheelforge.doctor.survey import foreign
from wheelforge.emulator import Emulation, Emulator, Formats, Registration
from wheelforge.errors import InputError
from wheelforge.sysroot import Sysroot

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = Registration(name="qemu-aarch64", interpreter="/usr/bin/qemu-aarch64", flags="OCF")
WORKING = Emulator(
    machine="aarch64",
    fault="",
    formats=Formats(known=True, mounted=True, enabled=True, registrations=(ENTRY,)),
    registration=ENTRY,
    version="7.2.22",
    models=frozenset({"a64fx", "max"}),
)
FOREIGN = Foreign(
    emulator=WORKING,
    emulation=Emulation("a64fx", "7.2.22", faithful=True),
    sysroot=Start(name="trixie-arm64", version="3.13.5"),
)
SYSROOT = Sysroot(
    name="trixie-arm64", path="/none", machine="aarch64", identity="1", libc="glibc 2.41"
)
HERE = replace(GOOD, machine="x86_64", processor="zen3", foreign=FOREIGN)
WEAK = Emulation("max", "7.2.22", faithful=False, note="no proof")
AGAIN = run("wheelforge sysroot create a --again")


def test_a_target_of_this_machines_kind_has_no_such_line() -> None:
    assert {"emulation", "sysroot"} & set(found(GOOD)) == set()
    assert foreign.foreign(None, SYSROOT) is None
    own = msgspec.structs.replace(A64FX, machine=platform.machine())
    assert foreign.foreign(own, SYSROOT) is None


def test_all_is_well() -> None:
    assert levels(HERE) == {}
    assert found(HERE)["emulation"].found == (
        "qemu 7.2.22 (/usr/bin/qemu-aarch64, flags OCF) as a64fx"
    )
    assert found(HERE)["sysroot"].found == "trixie-arm64: Python 3.13.5 starts"


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        (replace(ENTRY, flags="OC"), "flags OC: not inside containers and chroots)"),
        (replace(ENTRY, flags=""), "(/usr/bin/qemu-aarch64, no flags: not inside containers"),
        (None, "qemu 7.2.22 as a64fx"),
    ],
)
def test_what_the_flags_mean(entry: Registration | None, shown: str) -> None:
    machine = replace(HERE, foreign=replace(FOREIGN, emulator=replace(WORKING, registration=entry)))
    finding = found(machine)["emulation"]
    assert (finding.level, shown in finding.found) == (Level.OK, True)


def test_what_does_not_run_has_the_command_that_mends_it() -> None:
    broken = replace(FOREIGN, emulator=Emulator(machine="aarch64"), emulation=None)
    finding = found(replace(HERE, foreign=broken))["emulation"]
    assert finding.level == Level.MISSING
    assert finding.found.startswith("programs for aarch64 do not run here: binfmt_misc is not mou")
    mount = "modprobe binfmt_misc; mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc"
    assert finding.mend == Mend(mount, mount)


@pytest.mark.parametrize(
    ("emulation", "trouble", "level", "says"),
    [
        (None, "qemu 5.2 can be no CPU", Level.MISSING, "qemu 5.2 can be no CPU"),
        (None, "", Level.MISSING, "there is no CPU to emulate"),
        (WEAK, "", Level.WARNING, "no proof"),
    ],
)
def test_cpus(emulation: Emulation | None, trouble: str, level: Level, says: str) -> None:
    state = replace(FOREIGN, emulation=emulation, trouble=trouble)
    finding = found(replace(HERE, foreign=state))["emulation"]
    assert (finding.level, finding.found) == (level, says)
    assert finding.mend is not None
    assert finding.mend.dnf == "dnf install qemu-user-static"


def test_where_a_newer_qemu_would_not_help() -> None:
    generic = msgspec.structs.replace(A64FX, name="generic", emulated=())
    machine = replace(HERE, foreign=replace(FOREIGN, emulation=WEAK))
    finding = found(machine, replace(GENERAL, target=generic))["emulation"]
    assert finding.mend == run("wheelforge verify WHEELHOUSE    # on generic itself")


@pytest.mark.parametrize(
    ("sysroot", "level", "says", "mend"),
    [
        (Start(name="a", fault="no loader"), Level.MISSING,
         "a: its Python does not start: no loader", AGAIN),
        (Start(name="b", version="3.12.1"), Level.OK, "b: Python 3.12.1 starts", None),
        (Start(name="a"), Level.OK, "a: its Python was not tried", None),
    ],
)  # fmt: skip
def test_the_sysroots_python(sysroot: Start, level: Level, says: str, mend: Mend | None) -> None:
    finding = found(replace(HERE, foreign=replace(FOREIGN, sysroot=sysroot)))["sysroot"]
    assert (finding.level, finding.found, finding.mend) == (level, says, mend)


def test_a_sysroot_that_is_not_there() -> None:
    absent = Trouble("sysroot x: it has not been created", "wheelforge sysroot create x")
    finding = found(replace(HERE, foreign=replace(FOREIGN, sysroot=None, absent=absent)))["sysroot"]
    assert (finding.level, finding.found) == (Level.MISSING, absent.what)
    assert finding.mend == run("wheelforge sysroot create x")
    none = replace(HERE, foreign=replace(FOREIGN, sysroot=None))
    assert "sysroot" not in found(none)  # what the toolchain lacks is said of the compilers


@pytest.fixture
def on_intel(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(foreign, "look", lambda _: WORKING)
    monkeypatch.setattr(foreign, "emulation", lambda *_: FOREIGN.emulation)
    return monkeypatch


@pytest.mark.parametrize(
    ("script", "version", "fault"),
    [
        ("echo $QEMU_CPU $QEMU_LD_PREFIX", "a64fx {root}", ""),
        ("echo no loader; exit 3", "", "'{root}/usr/bin/new' ended with code 3: no loader"),
    ],
)
def test_the_newest_python_is_started(
    tmp_path: Path, on_intel: pytest.MonkeyPatch, script: str, version: str, fault: str
) -> None:
    del on_intel
    python = tmp_path / "usr/bin/new"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    pythons = {"3.9": "usr/bin/old", "3.13": "usr/bin/new"}
    there = msgspec.structs.replace(SYSROOT, path=str(tmp_path), pythons=pythons)
    state = foreign.foreign(A64FX, there)
    assert state is not None
    assert state.emulation == FOREIGN.emulation
    assert state.sysroot == Start(
        name="trixie-arm64",
        version=version.format(root=tmp_path),
        fault=fault.format(root=tmp_path),
    )


def test_without_an_emulator_nothing_is_started(on_intel: pytest.MonkeyPatch) -> None:
    there = msgspec.structs.replace(SYSROOT, pythons={"3.13": "usr/bin/python3.13"})
    on_intel.setattr(foreign, "look", lambda machine: Emulator(machine=machine))
    state = foreign.foreign(A64FX, there)
    assert state is not None
    assert (state.emulation, state.sysroot) == (None, Start(name="trixie-arm64"))
    bare = foreign.foreign(A64FX, SYSROOT)
    assert bare is not None
    assert bare.sysroot == Start(name="trixie-arm64", fault="there is none in it")


def test_an_emulator_without_a_cpu(on_intel: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise InputError("knows no such CPU")

    on_intel.setattr(foreign, "emulation", refuses)
    state = foreign.foreign(A64FX, None, Trouble("x"))
    assert state is not None
    assert (state.emulation, state.trouble, state.sysroot) == (None, "knows no such CPU", None)
    assert state.absent == Trouble("x")

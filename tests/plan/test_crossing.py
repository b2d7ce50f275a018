"""What a build is told where the compilers make programs for another machine."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import COMPILERS, PYTHON, SETTING, planned, recipe
from wheelforge import programs
from wheelforge.graph import Plan, key_of
from wheelforge.plan import Setting
from wheelforge.sysroot import Sysroot

SYSROOT = Sysroot(
    name="trixie-arm64",
    path="/home/sysroots/trixie-arm64/root",
    machine="aarch64",
    identity="5" * 64,
    libc="glibc 2.41",
    triplet="aarch64-linux-gnu",
    folders=("usr/lib/aarch64-linux-gnu", "usr/lib"),
    pythons={"3.13": "usr/bin/python3.13"},
)
STACK = {
    "low": recipe("low", "[exports]\nlibraries = ['lib', 'b']"),
    "top": recipe(
        "top",
        "[[checks]]\ntype = 'python'\nname = 'n'\ncode = ''",
        head="depends = { low = '*' }",
        kind="wheel",
        build='[build]\nbackend = "pep517"\n[build.env]\nROOT = "{sysroot}/usr"',
    ),
}


def crossing(sysroot: Sysroot = SYSROOT) -> Setting:
    python = msgspec.structs.replace(
        PYTHON,
        path=f"{sysroot.path}/usr/bin/python3.13",
        include=f"{sysroot.path}/usr/include/python3.13",
        env={"QEMU_CPU": "a64fx", "QEMU_LD_PREFIX": sysroot.path},
    )
    compilers = msgspec.structs.replace(
        COMPILERS, toolchain="aarch64-cross", host="x86_64", sysroot=sysroot, libc=sysroot.libc,
        within={"cc": "--sysroot=@{sysroot}", "cxx": "--sysroot=@{sysroot} -nostdinc"},
    )  # fmt: skip
    return Setting(target=SETTING.target, flags=SETTING.flags, compilers=compilers, python=python)


def step(made: Plan, name: str) -> Any:
    return made.step(name)


CROSS = planned(STACK, "top", setting=crossing())
TOP, LOW = step(CROSS, "build:top"), step(CROSS, "build:low")


def test_every_compiler_is_told_the_sysroot_by_its_command() -> None:
    assert LOW.env["CC"] == "/usr/bin/gcc --sysroot=@{sysroot}"
    assert LOW.env["CXX"] == "/usr/bin/g++ --sysroot=@{sysroot} -nostdinc"
    assert LOW.sysroot == SYSROOT.path


def test_a_native_build_is_told_of_none() -> None:
    made = planned(STACK, "top")
    low, top = step(made, "build:low"), step(made, "build:top")
    assert "sysroot" not in " ".join([*low.env, *low.env.values(), *low.inputs])
    assert (low.files, low.sysroot) == ({}, "")
    assert top.env["ROOT"] == "/usr"


def test_recipes_may_refer_to_the_sysroot() -> None:
    assert TOP.env["ROOT"] == "@{sysroot}/usr"


def test_headers_of_python_are_the_sysroots() -> None:
    for name in ("CFLAGS", "CXXFLAGS"):
        assert TOP.env[name].endswith(" -I@{sysroot}/usr/include/python3.13")
        assert "python3.13" not in LOW.env[name]


def test_what_files_are_called_does_not_depend_on_where_the_sysroot_is() -> None:
    assert "-ffile-prefix-map=@{sysroot}=" in LOW.env["CFLAGS"].split()
    elsewhere = msgspec.structs.replace(SYSROOT, path="/elsewhere")
    other = planned(STACK, "top", setting=crossing(elsewhere))
    for name in ("build:low", "repair:top", "check:top"):
        assert key_of(step(other, name), {}) == key_of(step(CROSS, name), {})


def test_what_is_in_the_sysroot_is_part_of_every_key() -> None:
    newer = msgspec.structs.replace(SYSROOT, identity="6" * 64)
    other = planned(STACK, "top", setting=crossing(newer))
    for name in ("build:low", "build:top", "repair:top"):
        assert key_of(step(other, name), {}) != key_of(step(CROSS, name), {})


def test_libraries_of_libraries_are_found_by_the_linker() -> None:
    """Only a native linker looks into LD_LIBRARY_PATH."""
    flags = TOP.env["LDFLAGS"].split()
    assert [flag for flag in flags if "rpath-link" in flag] == [
        "-Wl,-rpath-link,@{dep.low}/lib",
        "-Wl,-rpath-link,@{dep.low}/b",
    ]
    assert "rpath-link" not in LOW.env.get("LDFLAGS", "")


def test_cmake_looks_in_the_prefixes_the_work_folder_and_the_sysroot() -> None:
    text = TOP.files["toolchain.cmake"]
    assert TOP.env["CMAKE_TOOLCHAIN_FILE"] == "@{work}/toolchain.cmake"
    assert 'set(CMAKE_FIND_ROOT_PATH "@{dep.low}" "@{work}" "@{sysroot}")' in text
    assert "set(CMAKE_SYSTEM_PROCESSOR aarch64)" in text
    assert "set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)" in text
    assert 'set(Python_INCLUDE_DIR "@{sysroot}/usr/include/python3.13"' in text
    assert "Python_INCLUDE_DIR" not in LOW.files["toolchain.cmake"]


@pytest.mark.parametrize("kind", ["package", "library"])
def test_cmake_takes_a_dependency_and_not_the_sysroots_own(tmp_path: Path, kind: str) -> None:
    """Debian's oneDNN, without Arm Compute Library, was in the sysroot and in torch."""
    cmake = programs.find("cmake")
    if cmake is None:
        pytest.skip("no cmake")
    for folder in ("sysroot/usr/lib", "low/lib"):
        config = tmp_path / folder / "cmake" / "demo" / "demo-config.cmake"
        config.parent.mkdir(parents=True)
        config.touch()
        (tmp_path / folder / "libdemo.so").touch()
    text = TOP.files["toolchain.cmake"]
    for name in ("sysroot", "work", "dep.low"):
        text = text.replace(f"@{{{name}}}", str(tmp_path / name.removeprefix("dep.")))
    asks = {
        "package": "find_package(demo CONFIG REQUIRED)\nmessage(${demo_DIR})",
        "library": "find_library(demo demo REQUIRED)\nmessage(${demo})",
    }
    platform = 'set(CMAKE_SYSTEM_PREFIX_PATH "/usr")\nset(CMAKE_FIND_LIBRARY_PREFIXES lib)\n'
    script = tmp_path / "ask.cmake"
    script.write_text(f"{platform}set(CMAKE_FIND_LIBRARY_SUFFIXES .so)\n{text}{asks[kind]}\n")
    env = {"CMAKE_PREFIX_PATH": str(tmp_path / "low"), "PATH": "/usr/bin"}
    ran = subprocess.run([cmake, "-P", script], env=env, capture_output=True, text=True, check=True)
    assert ran.stderr.startswith(str(tmp_path / "low" / "lib"))


def test_a_system_without_multiarch_has_no_library_architecture() -> None:
    rhel = msgspec.structs.replace(SYSROOT, triplet="", folders=("usr/lib64",))
    low = step(planned(STACK, "low", setting=crossing(rhel)), "build:low")
    assert "LIBRARY_ARCHITECTURE" not in low.files["toolchain.cmake"]
    assert low.env["PKG_CONFIG_LIBDIR"] == (
        "@{sysroot}/usr/lib64/pkgconfig:@{sysroot}/usr/share/pkgconfig"
    )


def test_programs_of_the_target_are_run_by_the_emulator() -> None:
    assert LOW.env["QEMU_CPU"] == "a64fx"
    assert LOW.env["QEMU_LD_PREFIX"] == "@{sysroot}"
    assert step(CROSS, "check:top").python.env["QEMU_LD_PREFIX"] == SYSROOT.path
    assert TOP.environment.python == f"{SYSROOT.path}/usr/bin/python3.13"


def test_native_programs_come_before_emulated_ones_of_the_same_name() -> None:
    assert TOP.env["PATH"].startswith("@{bin}:@{env}/bin:")
    native = step(planned(STACK, "top"), "build:top")
    assert native.env["PATH"].startswith("@{env}/bin:@{bin}:")


def test_auditwheel_takes_system_libraries_from_the_sysroot() -> None:
    repair = step(CROSS, "repair:top")
    folders = "@{sysroot}/usr/lib/aarch64-linux-gnu:@{sysroot}/usr/lib"
    assert f"--ldpaths={folders}" in repair.commands[0].argv
    assert repair.env["AUDITWHEEL_LD_LIBRARY_PATH"] == "@{dep.low}/lib:@{dep.low}/b"
    assert repair.sysroot == SYSROOT.path


def test_the_compiler_is_called_cross_in_conditions() -> None:
    assert "cross" in crossing().compilers.words


def test_a_check_that_one_emulated_cpu_passes_says_nothing_of_another() -> None:
    setting = crossing()
    env = {**setting.python.env, "QEMU_CPU": "neoverse-n1"}
    python = msgspec.structs.replace(setting.python, env=env)
    other = planned(STACK, "top", setting=replace(setting, python=python))
    first, second = step(CROSS, "check:top"), step(other, "check:top")
    assert (first.inputs["cpu"], second.inputs["cpu"]) == ("a64fx", "neoverse-n1")
    assert key_of(first, {}) != key_of(second, {})
    assert "cpu" not in step(planned(STACK, "top"), "check:top").inputs

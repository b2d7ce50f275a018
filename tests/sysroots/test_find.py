"""Sysroots by name and by path, and what is said where there is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from systems import AARCH64, X86_64, debian, libc, redhat, write

from builders import refusal
from elves import make_elf
from wheelforge import digest
from wheelforge.digest import Memo
from wheelforge.sysroots import contents, find


def test_a_debian_on_disk(tmp_path: Path, home: Path) -> None:
    root = debian(tmp_path / "chroot")
    found = find(str(root), home, "aarch64")
    assert (found.path, found.name) == (str(root), str(root))
    assert (found.machine, found.libc, found.triplet) == (
        "aarch64", "glibc 2.41", "aarch64-linux-gnu",
    )  # fmt: skip
    assert found.folders == (
        "usr/lib/aarch64-linux-gnu",
        "usr/lib",
        "usr/lib/gcc/aarch64-linux-gnu/14",
        "usr/lib/gcc/aarch64-linux-gnu/12",
    )
    assert found.pythons == {"3.13": "usr/bin/python3.13"}
    assert find(str(root), home) == found


def test_a_red_hat_on_disk(tmp_path: Path, home: Path) -> None:
    """Also one Python that is a link absolute in the other system."""
    found = find(str(redhat(tmp_path / "rfs")), home, "aarch64")
    assert (found.libc, found.triplet) == ("glibc 2.28", "")
    assert found.folders == ("usr/lib64", "usr/lib/gcc/aarch64-redhat-linux/8")
    assert found.pythons == {"3.11": "usr/bin/python3.11", "3.6": "usr/bin/python3.6"}


def test_of_several_machines_the_one_asked_for(tmp_path: Path, home: Path) -> None:
    files = {
        "usr/lib/x86_64-linux-gnu/libc.so.6": libc("2.36", X86_64),
        "usr/lib/aarch64-linux-gnu/libc.so.6": libc("2.35", AARCH64),
        "usr/bin/python3.11": make_elf(machine=X86_64),
        "usr/lib64/libx.so": make_elf(machine=X86_64),
    }
    root = write(tmp_path / "both", files)
    arm, intel = (find(str(root), home, machine) for machine in ("aarch64", "x86_64"))
    assert (arm.libc, arm.folders, arm.pythons) == (
        "glibc 2.35", ("usr/lib/aarch64-linux-gnu",), {},
    )  # fmt: skip
    assert (intel.libc, intel.pythons) == ("glibc 2.36", {"3.11": "usr/bin/python3.11"})
    assert intel.folders == ("usr/lib/x86_64-linux-gnu", "usr/lib64")
    assert arm.identity != intel.identity


def test_glibc_is_known_by_its_symbols_too(tmp_path: Path, home: Path) -> None:
    symbols = b"\0GLIBC_2.9\0GLIBC_2.17\0GLIBC_PRIVATE\0GLIBC_2.4\0"
    root = write(tmp_path / "old", {"lib64/libc.so.6": make_elf(more=symbols)})
    assert find(str(root), home).libc == "glibc 2.17"


def test_what_is_no_glibc_is_none(tmp_path: Path, home: Path) -> None:
    root = write(tmp_path / "odd", {"lib64/libc.so.6": make_elf()})
    assert "no glibc" in refusal(lambda: find(str(root), home)).what


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        ("trixie-arm64", "it has not been created", "wheelforge sysroot create trixie-arm64"),
        ("trixe-arm64", "there is no sysroot 'trixe-arm64'", "did you mean trixie-arm64"),
        ("/nowhere/at/all", "there is no such folder", "sysroot create trixie-arm64"),
        ("./here", "no glibc was found", "sysroot create trixie-arm64"),
        ("here", "there is no sysroot 'here'", "./here"),
        ("~nobody-of-that-name/x", "there is no such folder", "sysroot create trixie-arm64"),
    ],
)
def test_there_is_none(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, name: str, what: str, remedy: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    error = refusal(lambda: find(name, home, "aarch64"))
    assert what in error.what
    assert remedy in error.remedy
    assert name in error.where


def test_another_machine_is_refused(tmp_path: Path, home: Path) -> None:
    root = debian(tmp_path / "intel", X86_64)
    error = refusal(lambda: find(str(root), home, "aarch64"))
    assert error.what == "it is of x86_64, not of aarch64"


def test_a_home_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    root = debian(tmp_path / "chroot")
    (tmp_path / "file").touch()
    assert find(str(root), tmp_path / "file/home").machine == "aarch64"


Change = Callable[[Path], object]
CHANGES: dict[str, tuple[Change, bool]] = {
    "header": (lambda root: (root / "usr/include/stdio.h").write_bytes(b"int x;\n"), True),
    "new header": (lambda root: (root / "usr/include/y.h").touch(), True),
    "library": (lambda root: (root / "usr/lib/aarch64-linux-gnu/liby.so.1").touch(), True),
    "link": (lambda root: (root / "usr/lib/aarch64-linux-gnu/liby.so").symlink_to("z"), True),
    "object": (lambda root: (root / "usr/lib/gcc/aarch64-linux-gnu/14/crtend.o").touch(), True),
    "build values": (lambda root: (root / "usr/lib/_sysconfigdata_x.py").touch(), True),
    "program": (
        lambda root: (root / "usr/bin/python3.13").write_bytes(make_elf(soname="x")),
        False,
    ),
    "module": (lambda root: (root / "usr/lib/os.py").touch(), False),
    "touched": (lambda root: os.utime(root / "usr/include/stdio.h", (1, 1)), False),
}


@pytest.mark.parametrize("name", CHANGES)
def test_identity_is_what_compilers_and_linkers_read(tmp_path: Path, home: Path, name: str) -> None:
    root = debian(tmp_path / "chroot")
    before = find(str(root), home).identity
    change, counts = CHANGES[name]
    change(root)
    assert (find(str(root), home).identity != before) == counts


def test_identity_does_not_depend_on_the_folder(tmp_path: Path, home: Path) -> None:
    one, other = debian(tmp_path / "one"), debian(tmp_path / "other/inner")
    assert find(str(one), home).identity == find(str(other), home).identity


def test_what_did_not_change_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But what was young when it was read is read again: one more change might not show."""
    monkeypatch.setattr(digest, "YOUNG_NS", 0)
    root = debian(tmp_path / "chroot")
    first = contents.identity(root, "aarch64", Memo(tmp_path / "memo"))
    monkeypatch.setattr(digest, "of_member", None)
    assert contents.identity(root, "aarch64", Memo(tmp_path / "memo")) == first
    monkeypatch.undo()
    contents.identity(root, "aarch64", Memo(tmp_path / "other"))
    monkeypatch.setattr(digest, "of_member", None)
    with pytest.raises(TypeError):
        contents.identity(root, "aarch64", Memo(tmp_path / "other"))


def test_pipes_and_circles_are_passed_over(tmp_path: Path, home: Path) -> None:
    root = debian(tmp_path / "chroot")
    os.mkfifo(root / "usr/lib/aarch64-linux-gnu/wait.so")
    (root / "usr/bin/python3.9").symlink_to("python3.9")
    (root / "usr/include/self").symlink_to(".")
    assert find(str(root), home).pythons == {"3.13": "usr/bin/python3.13"}


def test_a_circle_in_its_folders_is_told(tmp_path: Path, home: Path) -> None:
    root = write(tmp_path / "odd", {"usr/lib": "lib64", "usr/lib64": "lib"})
    assert "circle" in refusal(lambda: find(str(root), home)).what


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_passed_over(tmp_path: Path, home: Path) -> None:
    root = debian(tmp_path / "chroot")
    before = find(str(root), home).identity
    (root / "usr/lib/closed").mkdir(0o000)
    (root / "usr/lib/secret.so").touch(0o000)
    assert find(str(root), home).identity == before

"""Compilers that look at another system than their sysroot are told not to."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from wheelforge import probe
from wheelforge.digest import Memo
from wheelforge.errors import InputError
from wheelforge.sysroot import Sysroot
from wheelforge.toolchain import Compilers


@pytest.fixture
def system(tmp_path: Path) -> Sysroot:
    """A sysroot with headers and startup files."""
    root = tmp_path / "root"
    for file in ("usr/include/features.h", "usr/lib/triplet/crt1.o", "usr/lib/other/libx.so"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return Sysroot(
        name="s", path=str(root), machine="aarch64", identity="1", libc="glibc 2.41",
        folders=("usr/lib/triplet", "usr/lib/other"),
    )  # fmt: skip


def compilers(folder: Path, *looks: Path | str) -> Compilers:
    """Compilers that say they look for headers in these folders."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = "\n".join(f" {path}" for path in looks)
    said = f"#include <...> search starts here:\n{listed}\nEnd of search list."
    paths = {}
    for role in ("cc", "cxx", "fc", "ar"):
        (folder / role).write_text(f"#!/bin/sh\necho '{said if looks else ''}' >&2\n")
        (folder / role).chmod(0o755)
        paths[role] = str(folder / role)
    return Compilers(
        toolchain="x", family="gcc", version="12.2.0", machine="aarch64", libc="glibc 2.36",
        paths=paths, digests={}, host="x86_64", arguments={"cc": "-Nclang"},
    )  # fmt: skip


def test_a_compiler_made_for_sysroots_is_told_where_it_is(system: Sysroot, tmp_path: Path) -> None:
    own = tmp_path / "gcc/12/include"
    found = compilers(tmp_path / "bin", own, f"{system.path}/usr/include")
    made = probe.inside(found, system, Memo(tmp_path / "memo"))
    assert made.libc == "glibc 2.41"
    assert made.commands["cc"] == f"{found.paths['cc']} -Nclang --sysroot=@{{sysroot}}"
    assert made.commands["fc"] == f"{found.paths['fc']} --sysroot=@{{sysroot}}"
    assert made.commands["ar"] == found.paths["ar"]


def test_a_c_library_of_its_own_is_left_out(system: Sysroot, tmp_path: Path) -> None:
    own = tmp_path / "gcc/12/include"
    other = tmp_path / "cross/include"
    other.mkdir(parents=True)
    (other / "features.h").touch()
    looks = (f"{tmp_path}/gcc/12/lib/../include", other, f"{system.path}/usr/include")
    made = probe.inside(compilers(tmp_path / "bin", *looks), system, Memo(tmp_path / "memo"))
    assert made.commands["cxx"].split()[1:] == [
        "--sysroot=@{sysroot}",
        "-nostdinc",
        f"-idirafter{tmp_path}/gcc/12/include",
        "-idirafter@{sysroot}/usr/include",
        "-B@{sysroot}/usr/lib/triplet",  # and not other, which has no C library
    ]
    assert str(other) not in " ".join(made.commands.values())
    assert str(own) in made.commands["cc"]
    assert made.commands["fc"].split()[1:] == [
        "--sysroot=@{sysroot}", "-B@{sysroot}/usr/lib/triplet",
    ]  # fmt: skip


def test_it_is_asked_once(system: Sysroot, tmp_path: Path) -> None:
    memo = Memo(tmp_path / "memo")
    found = compilers(tmp_path / "bin", f"{system.path}/usr/include")
    made = probe.inside(found, system, memo)
    (tmp_path / "bin" / "cxx").write_text("#!/bin/sh\nexit 1\n")
    assert probe.inside(found, system, memo) == made
    newer = msgspec.structs.replace(system, identity="2")
    with pytest.raises(Exception, match="cxx"):
        probe.inside(found, newer, memo)


def test_one_that_does_not_say_is_an_error(system: Sysroot, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not say where it looks for headers"):
        probe.inside(compilers(tmp_path / "bin"), system, Memo(tmp_path / "memo"))

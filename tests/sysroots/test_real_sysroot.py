"""A sysroot of the real archive."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from wheelforge import digest, probe, process, programs, sysroots
from wheelforge.catalog import load_sysroot, load_toolchain
from wheelforge.errors import InputError
from wheelforge.fetch import apt_sources
from wheelforge.sysroots import contents, discover
from wheelforge.sysroots.archives import shown
from wheelforge.toolchain import SYSROOT

NEEDED = ("mmdebstrap", "apt-get", "apt-config", "dpkg-deb")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> sysroots.Manifest:
    """trixie-arm64, or a reason why it cannot be made here."""
    if missing := [name for name in NEEDED if programs.find(name) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if not apt_sources.of_this_machine("trixie"):
        pytest.skip("apt is configured for no Debian archive")
    home = tmp_path_factory.mktemp("home")
    try:
        work = sysroots.create(load_sysroot("trixie-arm64"), home, lambda _: None)
        return asyncio.run(work).manifest
    except InputError as error:
        if re.search(r"Temporary failure resolving|Could not (resolve|connect)", error.what):
            pytest.skip("the archive cannot be reached")
        raise


@pytest.mark.slow
def test_what_is_in_it(made: sysroots.Manifest) -> None:
    root = Path(made.sysroot.path)
    assert made.sysroot.libc == "glibc 2.41"
    assert made.sysroot.pythons == {"3.13": "usr/bin/python3.13"}
    assert made.sysroot.folders[0] == "usr/lib/aarch64-linux-gnu"
    assert made.sysroot.folders[-1] == "usr/lib/gcc/aarch64-linux-gnu/14"
    for name in (
        "usr/include/stdio.h",
        "usr/include/linux/futex.h",
        "usr/include/c++/14/vector",
        "usr/include/python3.13/Python.h",
        "usr/include/zlib.h",
        "usr/lib/aarch64-linux-gnu/Scrt1.o",
        "usr/lib/aarch64-linux-gnu/libgomp.so.1",
        "usr/lib/gcc/aarch64-linux-gnu/14/libgfortran.so",
        "lib/ld-linux-aarch64.so.1",
    ):
        assert (root / name).is_file(), name
    assert discover.machine_of(root / "usr/bin/python3.13") == "aarch64"


@pytest.mark.slow
def test_no_link_leads_out(made: sysroots.Manifest) -> None:
    root = Path(made.sysroot.path)
    links = [path for path in root.rglob("*") if path.is_symlink()]
    assert len(links) > 100
    for path in links:
        target = os.path.normpath(path.parent / path.readlink())
        assert not path.readlink().is_absolute()
        assert Path(target).is_relative_to(root), path
    assert {path.name for path in root.iterdir()} == {"usr", "etc", "bin", "sbin", "lib"}


@pytest.mark.slow
def test_programs_are_linked_with_its_libstdcpp(made: sysroots.Manifest, tmp_path: Path) -> None:
    """The compiler's own is older, and lacks what libraries of the sysroot need."""
    toolchain = load_toolchain("aarch64-cross")
    memo = digest.Memo(tmp_path / "memo")
    try:
        found = probe.compilers(toolchain, memo)
    except InputError as error:
        pytest.skip(error.what)
    inside = probe.inside(found, made.sysroot, memo)
    words = f"{inside.commands['cxx']} {inside.within['cxx']}".replace(SYSROOT, made.sysroot.path)
    (tmp_path / "main.cc").write_text("#include <iostream>\nint main() { std::cout << 1; }\n")
    argv = [*words.split(), str(tmp_path / "main.cc"), "-o", str(tmp_path / "main"), "-Wl,-t"]
    linked = process.capture(argv).splitlines()
    assert [path for path in linked if "libstdc++" in path] == [
        f"{made.sysroot.path}/usr/lib/aarch64-linux-gnu/libstdc++.so"
    ]


@pytest.mark.slow
def test_its_packages_are_those_apt_names(made: sysroots.Manifest, tmp_path: Path) -> None:
    """The digests are those of the archive's signed lists, read by an apt of their own."""
    archives = apt_sources.of_this_machine("trixie") or []
    (archive,) = [item for item in archives if shown(item) == made.archive][:1]
    (tmp_path / "lists/partial").mkdir(parents=True)
    (tmp_path / "status").touch()
    (tmp_path / "one.sources").write_text(archive.stanza("trixie", "deb"))
    options = {
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "",
        "Dir::Etc::sourcelist": tmp_path / "one.sources",
        "Dir::Etc::sourceparts": "-",
        "Dir::State": tmp_path,
        "Dir::State::status": tmp_path / "status",
        "Dir::Cache": tmp_path,
    }
    flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    process.capture(["apt-get", "-q", *flags, "update"], timeout=120)
    known = {item.name: item for item in made.sysroot.packages}
    for name in ("libc6", "libpython3.13-stdlib", "zlib1g-dev"):
        said = process.capture(["apt-cache", *flags, "show", f"{name}={known[name].version}"])
        assert f"\nSHA256: {known[name].sha256}\n" in said


@pytest.mark.slow
def test_found_by_its_path_it_is_the_same_system(made: sysroots.Manifest, tmp_path: Path) -> None:
    root = Path(made.sysroot.path)
    copy = tmp_path / "elsewhere"
    copy.symlink_to(root)
    assert sysroots.find(str(copy), tmp_path, "aarch64") == made.sysroot
    found = discover.read(root, "aarch64")
    assert found.libc == made.sysroot.libc
    assert found.folders == made.sysroot.folders
    memo = digest.Memo(tmp_path / "memo")
    assert contents.identity(root, "aarch64", memo) != made.sysroot.identity

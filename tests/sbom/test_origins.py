from __future__ import annotations

import os
from pathlib import Path

import pytest

from wheelforge import programs
from wheelforge.bill import Package
from wheelforge.digest import of_bytes
from wheelforge.sbom import Ground, Held, Library, held
from wheelforge.sbom.owners import owner, recorded

CODE = b"machine code"


@pytest.fixture
def blas(tmp_path: Path) -> Library:
    prefix = tmp_path / "store/blas"
    (prefix / "lib").mkdir(parents=True)
    (prefix / "lib/libblas.so.0").write_bytes(CODE)
    return Library("blas", prefix, {"lib/libblas.so.0": of_bytes(CODE)})


def test_what_the_repair_told_of_is_the_librarys(blas: Library) -> None:
    ground = Ground((blas,), {"demo/lib/libblas.so.0": blas.prefix / "lib/libblas.so.0"})
    after = {"demo/lib/libblas.so.0": "1" * 64, "demo/a.so": "2" * 64, "demo/new.py": "3" * 64}
    assert list(held({"demo/a.so": "0" * 64}, after, ground)) == [
        Held("demo/lib/libblas.so.0", "1" * 64, library="blas", original=of_bytes(CODE))
    ]


def test_where_the_store_is_makes_no_difference(tmp_path: Path) -> None:
    found = []
    for home in (tmp_path / "a", tmp_path / "other/home"):
        prefix = home / "store/lib"
        prefix.mkdir(parents=True)
        (prefix / "libx.so").write_bytes(b"\0" + os.fsencode(prefix) + b"/lib\0")
        ground = Ground((Library("x", prefix, {}),), {"libx.so": prefix / "libx.so"})
        found += held({}, {"libx.so": "1" * 64}, ground)
    assert found[0] == found[1]
    assert found[0].original


def test_auditwheels_names_tell_which_file_it_was(blas: Library, tmp_path: Path) -> None:
    """Of two files of one name it is the one with these digits."""
    other = tmp_path / "root/usr/lib"
    other.mkdir(parents=True)
    (other / "libblas.so.0").write_bytes(b"the system's")
    ground = Ground((blas,), sysroot=tmp_path / "root", folders=("usr/lib",), packages=(
        Package(name="libblas0", version="3.12", sha256="d" * 64),
    ))  # fmt: skip
    path = "demo.libs/libblas-{}.so.0"
    ours, system = path.format(of_bytes(CODE)[:8]), path.format(of_bytes(b"the system's")[:8])
    neither = path.format("0" * 8)
    found = {one.path: one for one in held({}, dict.fromkeys((ours, system, neither), ""), ground)}
    assert found[ours].library == "blas"
    assert found[system].owner is not None
    assert (found[system].owner.name, found[system].owner.sha256) == ("libblas0", "d" * 64)
    assert found[neither] == Held(neither, "")
    assert found[system].original == of_bytes(b"the system's")


def test_what_a_build_copied_itself_is_found_by_its_digest(blas: Library) -> None:
    before = {"demo/libblas.so": of_bytes(CODE), "demo/other.so": "1" * 64}
    (found,) = held(before, {**before, "demo/libblas.so": "2" * 64}, Ground((blas,)))
    assert (found.path, found.library, found.sha256) == ("demo/libblas.so", "blas", "2" * 64)


@pytest.mark.parametrize(
    ("soname", "package"),
    [
        ("libgomp.so.1", "libgomp1"),
        ("libstdc++.so.6", "libstdc++6"),
        ("libgfortran.so.5.0.0", "libgfortran5"),
        ("libgcc_s.so.1", "libgcc-s1"),
        ("libpng16.so.16", "libpng16-16t64"),
        ("libnone.so.1", None),
        ("libgomp.so", None),
    ],
)
def test_a_sysroots_packages_are_known_by_debians_names(soname: str, package: str | None) -> None:
    names = ("libgomp1", "libstdc++6", "libgfortran5", "libgcc-s1", "libpng16-16t64")
    packages = tuple(Package(name=name, version="1", sha256="") for name in names)
    found = recorded(soname, packages)
    assert (found.name if found else None) == package


@pytest.mark.skipif(programs.find("dpkg-query") is None, reason="dpkg knows no packages here")
def test_dpkg_says_whose_file_it_is(tmp_path: Path) -> None:
    found = owner(Path(os.path.realpath("/usr/bin/dpkg-query")))
    assert found is not None
    assert found.name == "dpkg"
    assert found.version[0].isdigit()
    assert found.url.startswith("pkg:deb/")
    assert owner(tmp_path / "nobody's") is None

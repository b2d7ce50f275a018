"""Links as the system inside a folder follows them, and made harmless for the one outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from wheelforge.sysroots import within
from wheelforge.sysroots.tidy import offer_runtime, relink

LINKS = {
    "lib64": "usr/lib64",
    "usr/lib64/absolute": "/usr/lib/target",
    "usr/lib64/up": "../../../../../etc/passwd",
    "usr/lib64/chain": "/lib64/absolute",
    "usr/lib64/loop": "loop",
    "usr/folder": "/usr/lib",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, target in LINKS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)
    (tmp_path / "usr/lib").mkdir()
    (tmp_path / "usr/lib/target").write_text("inside")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "leads"),
    [
        ("lib64/absolute", "usr/lib/target"),
        ("lib64/chain", "usr/lib/target"),
        ("lib64/up", "etc/passwd"),
        ("usr/folder/target", "usr/lib/target"),
        ("/usr/../usr//lib/./target", "usr/lib/target"),
        ("usr/lib64/missing", "usr/lib64/missing"),
        ("../..", ""),
    ],
)
def test_the_folder_is_the_root(root: Path, name: str, leads: str) -> None:
    assert within.resolved(root, name) == root / leads


def test_a_circle_ends(root: Path) -> None:
    with pytest.raises(OSError, match="circle"):
        within.resolved(root, "lib64/loop")


def test_absolute_links_become_relative(root: Path) -> None:
    relink(root)
    assert (root / "usr/lib64/absolute").readlink() == Path("../lib/target")
    assert (root / "usr/lib64/chain").read_text() == "inside"
    assert (root / "usr/folder/target").read_text() == "inside"
    assert (root / "lib64").readlink() == Path("usr/lib64")


def test_the_sysroots_own_libstdcpp_can_be_linked_with(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/aarch64-linux-gnu"
    folder.mkdir(parents=True)
    (folder / "libstdc++.so.6").touch()
    for _ in range(2):  # what is there stays
        offer_runtime(tmp_path)
        assert (folder / "libstdc++.so").readlink() == Path("libstdc++.so.6")

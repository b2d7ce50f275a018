"""Series of patches as Debian's source packages hold them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from builders import refusal
from wheelforge.quilt import series

LINES = "# ours\nb.patch\n\nsub/a.patch -p0 # theirs\nc.patch -p2\n"


@pytest.fixture
def patches(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    for name in ("a.patch", "b.patch", "c.patch", "sub/a.patch"):
        (tmp_path / name).touch()
    (tmp_path / "series").write_text(LINES)
    return tmp_path


def test_in_their_order_with_the_folders_they_lose(patches: Path) -> None:
    assert series(patches) == [
        (patches / "b.patch", 1),
        (patches / "sub/a.patch", 0),
        (patches / "c.patch", 2),
    ]


def test_some_are_left_out(patches: Path) -> None:
    assert [entry.file.name for entry in series(patches, ["b.patch", "c.patch"])] == ["a.patch"]


def test_what_is_left_out_has_to_be_there(patches: Path) -> None:
    error = refusal(partial(series, patches, ["b.pach"]))
    assert "'b.pach'" in error.what
    assert "did you mean b.patch" in error.remedy


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("d.patch", "it names d.patch, which is not there"),
        ("../etc", "it names ../etc, which is not there"),
        ("a.patch -R", "'-R' after a.patch is not understood"),
        ("a.patch -p1 -R", "'-p1 -R' after a.patch is not understood"),
    ],
)
def test_what_cannot_be_applied_is_refused(patches: Path, line: str, says: str) -> None:
    (patches.parent / "etc").touch()
    (patches / "series").write_text(f"{line}\n")
    assert refusal(partial(series, patches)).what == says


def test_without_a_series(tmp_path: Path) -> None:
    assert refusal(partial(series, tmp_path)).where == str(tmp_path / "series")


def test_a_series_that_is_no_text(patches: Path) -> None:
    (patches / "series").write_bytes(b"\xff\n")
    assert "cannot be read" in refusal(partial(series, patches)).what
    (patches / "series").write_text("x" * 300)
    assert "which is not there" in refusal(partial(series, patches)).what
    (patches / "series").write_text("\x1b[2J.patch\n")
    assert "it names \\u001b[2J.patch" in refusal(partial(series, patches)).what

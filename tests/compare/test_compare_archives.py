"""Static libraries, made by ar itself, are told apart by member."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from wheelforge.compare import compare

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("ar") is None, reason="needs binutils")
LONG = "a_member_of_a_name_that_is_long.o"
MEMBERS = {"x.o": "one", LONG: "two\n", "y.o": "three"}


def library(folder: Path, members: Mapping[str, str], options: str = "rcD") -> Path:
    folder.mkdir()
    for name, text in members.items():
        (folder / name).write_text(text)
        os.utime(folder / name, (len(str(folder)), 10**9 + len(str(folder))))
    subprocess.run(["ar", options, "lib.a", *members], cwd=folder, check=True)
    return folder / "lib.a"


def told(one: Path, other: Path) -> dict[str, tuple[str, str]]:
    (found,) = compare(one, other).differences
    return {item.where: (item.what, item.why) for item in found.details}


def test_the_same(tmp_path: Path) -> None:
    one, other = (library(tmp_path / side, MEMBERS) for side in ("a", "other"))
    assert compare(one, other).equal


def test_dates(tmp_path: Path) -> None:
    one, other = (library(tmp_path / side, MEMBERS, "rcU") for side in ("a", "other"))
    found = told(one, other)
    assert list(found) == ["date"]
    what, why = found["date"]
    assert what.startswith("x.o and 2 more: 10000000")
    assert "deterministic" in why


def test_contents_order_and_members_on_one_side(tmp_path: Path) -> None:
    one = library(tmp_path / "a", MEMBERS)
    other = library(tmp_path / "b", {"y.o": "three", "x.o": "One", "z.o": ""})
    found = told(one, other)
    assert found["x.o"][0] == "3 and 3 bytes, the first that differs at 0x0"
    assert found[LONG][0] == "only in a, 4 bytes"
    assert found["z.o"][0] == "only in b, 0 bytes"
    assert found["order"][1] == "parallel make"


@pytest.mark.parametrize("data", [b"!<arch>\nno header", b"!<arch>\n" + b" " * 100])
def test_what_ar_did_not_make(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b").write_bytes(b"!<arch>\n")
    assert told(tmp_path / "a", tmp_path / "b") == {
        "bytes": ("the first that differs is at 0x8", "")
    }

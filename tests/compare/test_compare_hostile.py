"""Whatever is in two files: a comparison comes out, and it is not that they are the same."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elves import make_elf
from wheelforge.compare import compare

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A library with code, or where there is no compiler one without."""
    if shutil.which("gcc") is None:
        return make_elf(soname="x", needed=["y"])
    folder = tmp_path_factory.mktemp("real")
    (folder / "x.c").write_text("int one(int x){return x+1;}\nint two(int x){return one(x)*3;}\n")
    argv = ["gcc", "-O1", "-fPIC", "-shared", "-nostdlib", "x.c", "-o", "x.so"]
    subprocess.run(argv, cwd=folder, check=True)
    return (folder / "x.so").read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pair")


def differ(folder: Path, one: bytes, other: bytes) -> None:
    (folder / "one.so").write_bytes(one)
    (folder / "other.so").write_bytes(other)
    found = compare(folder / "one.so", folder / "other.so")
    assert found.equal == (one == other)
    assert all(item.details for item in found.differences)


@settings(max_examples=300)
@given(
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), max_size=6
    ),
    cut=st.floats(0.2, 1),
)
def test_a_library_with_other_bytes_anywhere(
    real: bytes, folder: Path, changes: list[tuple[float, bytes]], cut: float
) -> None:
    other = bytearray(real)
    for place, data in changes:
        at = int(place * len(other))
        other[at : at + len(data)] = data
    differ(folder, real, bytes(other[: int(cut * len(other))]))


@settings(max_examples=200)
@given(at=st.integers(0, 63), data=st.binary(min_size=1, max_size=8))
def test_a_head_with_other_bytes(real: bytes, folder: Path, at: int, data: bytes) -> None:
    differ(folder, real, real[:at] + data + real[at + len(data) :])


@given(
    one=st.binary(max_size=300),
    other=st.binary(max_size=300),
    head=st.sampled_from([b"", b"\x7fELF", b"!<arch>\n", b"!<arch>\nx/" + b" " * 46 + b"4 `\n"]),
)
def test_anything(folder: Path, one: bytes, other: bytes, head: bytes) -> None:
    differ(folder, head + one, head + other)


@given(
    name=st.sampled_from(["METADATA", "RECORD", "WHEEL"]),
    one=st.text(max_size=200),
    other=st.text(max_size=200),
)
def test_metadata_that_is_any_text(folder: Path, name: str, one: str, other: str) -> None:
    for side, text in (("a", one), ("b", other)):
        place = folder / side / "x-1.dist-info"
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text, encoding="utf-8", errors="replace", newline="")
    found = compare(folder / "a", folder / "b")
    assert all(item.details for item in found.differences)
    for side in ("a", "b"):
        (folder / side / "x-1.dist-info" / name).unlink()

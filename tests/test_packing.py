"""Wheels that differ in nothing but how they were packed become the same bytes."""

from __future__ import annotations

import base64
import csv
import hashlib
import zipfile
from typing import TYPE_CHECKING

import pytest

from fake_wheels import make_wheel
from wheelforge.packing import pack
from wheelforge.wheel import read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

FILES = {"demo/b.py": "B = 1\n", "demo/a.so": b"\x7fELF" + bytes(range(256)) * 400, "demo/c.h": ""}


def repacked(wheel: Path, to: Path, change: Callable[[zipfile.ZipInfo], object]) -> Path:
    """The same members in the opposite order, each header changed, and their folders as entries."""
    to.mkdir()
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(to / wheel.name, "w") as new:
        new.mkdir("demo")
        for item in reversed(old.infolist()):
            made = zipfile.ZipInfo(item.filename, (2026, 7, 1, 12, 0, 0))
            made.external_attr, made.compress_type = item.external_attr, item.compress_type
            change(made)
            new.writestr(made, old.read(item))
    return to / wheel.name


def attributes(mode: int) -> Callable[[zipfile.ZipInfo], object]:
    return lambda item: setattr(item, "external_attr", mode << 16)


@pytest.mark.parametrize("mode", [0o100600, 0o100664, 0o644])
def test_order_times_modes_and_folders_do_not_count(tmp_path: Path, mode: int) -> None:
    one = make_wheel(tmp_path, "demo", files=FILES)
    other = repacked(one, tmp_path / "other", attributes(mode))
    assert one.read_bytes() != other.read_bytes()
    for wheel in (one, other):
        pack(wheel, {})
    assert one.read_bytes() == other.read_bytes()
    with zipfile.ZipFile(one) as file:
        names = file.namelist()
        assert file.testzip() is None
    assert names[:3] == ["demo/a.so", "demo/b.py", "demo/c.h"]
    assert names[-1] == "demo-1.0.dist-info/RECORD"
    assert read(one).files == tuple(sorted(names))


def test_programs_stay_programs(tmp_path: Path) -> None:
    wheel = repacked(make_wheel(tmp_path, "demo"), tmp_path / "x", attributes(0o100700))
    pack(wheel, {})
    with zipfile.ZipFile(wheel) as file:
        assert {item.external_attr >> 16 for item in file.infolist()} == {0o100755}


def test_members_keep_their_compressed_bytes(tmp_path: Path) -> None:
    def strongest(item: zipfile.ZipInfo) -> None:
        item.compress_type = zipfile.ZIP_BZIP2

    wheel = repacked(make_wheel(tmp_path, "demo", files=FILES), tmp_path / "x", strongest)
    pack(wheel, {})
    with zipfile.ZipFile(wheel) as file:
        assert file.getinfo("demo/a.so").compress_type == zipfile.ZIP_BZIP2
        assert file.read("demo/a.so") == FILES["demo/a.so"]


@pytest.mark.parametrize("folders", [[b"/home/me/store/0f-blas"], [b"/home/me", b"/home"]])
def test_folders_of_the_build_leave_modules_and_record_agrees(
    tmp_path: Path, folders: Sequence[bytes]
) -> None:
    text = "PATH = '/home/me/store/0f-blas/include'\n"
    wheel = make_wheel(tmp_path, "demo", files={"demo.py": text, "demo.txt": text})
    names = {folder: b"/%d" % number for number, folder in enumerate(folders)}
    pack(wheel, names)
    longest = folders[0].decode()
    with zipfile.ZipFile(wheel) as file:
        assert file.read("demo.py").decode() == text.replace(longest, "/0")
        assert file.read("demo.txt").decode() == text
        record = file.read("demo-1.0.dist-info/RECORD").decode()
    assert f",{len(text.replace(longest, '/0'))}\n" in record
    assert record_agrees(wheel)


def record_agrees(wheel: Path) -> bool:
    with zipfile.ZipFile(wheel) as file:
        rows = csv.reader(file.read("demo-1.0.dist-info/RECORD").decode().splitlines())
        for name, digest, size in rows:
            if name.endswith("RECORD"):
                continue
            data = file.read(name)
            found = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            if (digest, size) != (f"sha256={found}", str(len(data))):
                return False
    return True


def test_a_signature_of_the_old_record_goes(tmp_path: Path) -> None:
    files = {"demo.py": "", "demo-1.0.dist-info/RECORD.jws": "{}"}
    wheel = make_wheel(tmp_path, "demo", files=files)
    pack(wheel, {})
    assert "RECORD.jws" not in " ".join(read(wheel).files)
    with zipfile.ZipFile(wheel) as file:
        assert b"RECORD.jws" not in file.read("demo-1.0.dist-info/RECORD")

from __future__ import annotations

import csv
import stat
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from fake_wheels import make_wheel
from wheelforge import wheel
from wheelforge.digest import of_bytes
from wheelforge.errors import RejectedError
from wheelforge.sbom import NAME, enclose, record_of

if TYPE_CHECKING:
    from pathlib import Path

EPOCH = 315619200
WHOLE = f"demo-1.0.dist-info/{NAME}"
RECORD = "demo-1.0.dist-info/RECORD"


def packed(path: Path) -> dict[str, tuple[int, bytes]]:
    """Every entry's CRC and bytes as they are in the file, compressed."""
    found = {}
    with zipfile.ZipFile(path) as file, path.open("rb") as raw:
        for item in file.infolist():
            raw.seek(item.header_offset + 26)
            sizes = raw.read(4)
            raw.seek(int.from_bytes(sizes[:2], "little") + int.from_bytes(sizes[2:], "little"), 1)
            found[item.filename] = (item.CRC, raw.read(item.compress_size))
    return found


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    return make_wheel(tmp_path, "demo", files={"demo/data": "x" * 100_000, "demo/größe.py": "1"})


def test_it_is_added_and_recorded_and_all_else_stays_as_it_was(demo: Path) -> None:
    before = packed(demo)
    enclose(demo, NAME, b"{}", EPOCH)
    after = packed(demo)
    assert set(after) == {*before, WHOLE}
    assert {k: v for k, v in after.items() if k not in {WHOLE, RECORD}} == {
        k: v for k, v in before.items() if k != RECORD
    }
    with wheel.opened(demo) as file:  # holds the table of contents against what is in it
        assert file.testzip() is None
        rows = {row[0]: row[1:] for row in csv.reader(file.read(RECORD).decode().splitlines())}
        names = file.namelist()
        item = file.getinfo(WHOLE)
    assert (item.date_time, item.external_attr >> 16) == (
        (1980, 1, 2, 0, 0, 0),
        stat.S_IFREG | 0o644,
    )
    assert rows[WHOLE][1] == "2"
    assert list(rows)[-1] == RECORD == names[-1]
    assert rows[RECORD] == ["", ""]
    assert record_of(demo)[WHOLE] == of_bytes(b"{}")
    assert set(rows) == {name for name in names if not name.endswith("/")}


def test_the_same_again_makes_the_same_bytes(demo: Path) -> None:
    enclose(demo, NAME, b"{}", EPOCH)
    once = demo.read_bytes()
    enclose(demo, NAME, b"{}", EPOCH)
    assert demo.read_bytes() == once


def test_entries_whose_sizes_follow_them(tmp_path: Path, demo: Path) -> None:
    """As a writer leaves them that cannot go back: zipfile into a pipe."""
    code = (
        "import sys, zipfile\nold = zipfile.ZipFile(sys.argv[1])\n"
        "with zipfile.ZipFile(sys.stdout.buffer, 'w', zipfile.ZIP_DEFLATED) as new:\n"
        "    for item in old.infolist():\n        new.writestr(item, old.read(item))\n"
    )
    argv = [sys.executable, "-c", code, str(demo)]
    piped = subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout
    there = tmp_path / "piped" / demo.name
    there.parent.mkdir()
    there.write_bytes(piped)
    with zipfile.ZipFile(there) as file:
        assert all(item.flag_bits & 8 for item in file.infolist())
    enclose(there, NAME, b"{}", EPOCH)
    with wheel.opened(there) as file:
        assert file.testzip() is None
        assert not any(item.flag_bits & 8 for item in file.infolist())
    assert WHOLE in record_of(there)


def test_a_wheel_without_a_record_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("demo-1.0.dist-info/METADATA", "Name: demo\nVersion: 1.0\n")
    before = path.read_bytes()
    with pytest.raises(RejectedError, match="0 RECORD files"):
        enclose(path, NAME, b"{}", EPOCH)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]

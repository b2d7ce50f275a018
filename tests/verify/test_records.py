from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from fake_wheels import make_wheel
from wheelforge.verify.records import differences

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RECORD = "demo-1.0.dist-info/RECORD"


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    return make_wheel(tmp_path, "demo", files={"demo/data": "x" * 1000})


def rewritten(path: Path, changes: Mapping[str, bytes | None]) -> Path:
    """The wheel with files replaced, added or (None) taken out; its RECORD stays."""
    with zipfile.ZipFile(path) as old:
        files: dict[str, bytes | None] = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, data in {**files, **changes}.items():
            if data is not None:
                new.writestr(name, data)
    return path


def told(path: Path, *, whole: bool = True) -> list[str]:
    return list(differences(path, whole=whole))


def test_a_good_wheel(demo: Path) -> None:
    assert told(demo) == []


def test_every_difference_is_told(demo: Path) -> None:
    rewritten(demo, {"demo/data": b"y" * 1000, "demo/more.py": b"", "demo/__init__.py": None})
    names = {"demo/data", "demo/more.py", "demo/__init__.py"}
    found = told(demo)
    assert any(text.startswith("demo/data is not what") for text in found)
    assert any(text.startswith("demo/more.py is not in its RECORD") for text in found)
    assert {text.partition(" ")[0] for text in found} <= names | {"demo.py"}


def test_wheels_from_elsewhere_may_lack_lines_but_not_lie(demo: Path) -> None:
    rewritten(demo, {"demo/more.py": b""})
    assert told(demo, whole=False) == []
    rewritten(demo, {"demo/data": b"y"})
    assert told(demo, whole=False) == ["demo/data is not what its RECORD says"]


def test_a_file_that_is_gone(demo: Path) -> None:
    rewritten(demo, {"demo/data": None})
    assert told(demo) == ["demo/data is in its RECORD, and not in it"]


def test_digests_of_weak_kinds_do_not_count(demo: Path) -> None:
    with zipfile.ZipFile(demo) as file:
        text = file.read(RECORD).decode()
    rewritten(demo, {RECORD: text.replace("sha256=", "md5=").encode()})
    assert "demo/data is not in its RECORD" in told(demo)


@pytest.mark.parametrize("data", [None, b"\xff\xfe", b'"'])
def test_no_record_or_one_that_cannot_be_read(demo: Path, data: bytes | None) -> None:
    rewritten(demo, {RECORD: data})
    assert told(demo)


def test_what_is_no_wheel(tmp_path: Path) -> None:
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    path.write_bytes(b"PK")
    assert told(path)[0].startswith("cannot be read: is not a wheel")

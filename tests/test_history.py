from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wheelforge.history import History, Record

if TYPE_CHECKING:
    from pathlib import Path


def test_records_outlive_the_process(tmp_path: Path) -> None:
    file = tmp_path / "home" / "history.json"
    History(file).put("build:a", Record(12.5, 80))
    later = History(file)
    later.put("build:b", Record(1.0))
    assert History(file).get("build:a") == Record(12.5, 80)
    assert History(file).get("build:b") == Record(1.0, 0)
    assert History(file).get("build:c") is None


def test_two_runs_at_once_keep_each_others_records(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    one, two = History(file), History(file)
    one.put("build:a", Record(1.0))
    two.put("build:b", Record(2.0))
    assert History(file).get("build:a") == Record(1.0)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"build:a": 3}', b'{"\xff": 1}'])
def test_a_damaged_file_is_forgotten(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "history.json").write_bytes(content)
    history = History(tmp_path / "history.json")
    assert history.get("build:a") is None
    history.put("build:a", Record(1.0))
    assert History(tmp_path / "history.json").get("build:a") == Record(1.0)


def test_a_file_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    history = History(tmp_path / "file" / "history.json")
    history.put("build:a", Record(1.0))
    assert history.get("build:a") == Record(1.0)

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wheelforge import digest
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
LONG_AGO = 1_000_000_000_000_000_000


def grow(root: Path) -> Path:
    """A small tree with everything a tree may hold."""
    (root / "inner").mkdir(parents=True)
    (root / "a").write_text("a")
    (root / "inner" / "run").write_text("#!")
    (root / "inner" / "run").chmod(0o755)
    (root / "link").symlink_to("a")
    (root / "dangling").symlink_to("/no/such/file")
    return root


def test_bytes_files_and_values(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert digest.of_bytes(b"") == digest.of_file(tmp_path / "empty") == EMPTY
    assert digest.of_value({"b": 1, "a": "ü"}) == digest.of_bytes('{"a":"ü","b":1}'.encode())


def test_a_tree_is_the_same_elsewhere_and_later(tmp_path: Path) -> None:
    one, two = grow(tmp_path / "one"), grow(tmp_path / "two")
    os.utime(two / "a", ns=(LONG_AGO, LONG_AGO))
    (two / "a").chmod(0o600)  # only the owner's x counts
    for ignored in (".git", "__pycache__"):
        (two / "inner" / ignored).mkdir()
        (two / "inner" / ignored / "x").touch()
    assert digest.of_tree(one) == digest.of_tree(two)


def rename_link(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to("inner")


def file_for_link(root: Path) -> None:
    (root / "dangling").unlink()
    (root / "dangling").write_text("/no/such/file")


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a").write_text("b"),
        lambda root: (root / "a").chmod(0o744),
        lambda root: (root / "a").rename(root / "b"),
        lambda root: (root / "inner" / "run").rename(root / "run"),
        lambda root: (root / "inner" / "more").touch(),
        lambda root: (root / "a").unlink(),
        rename_link,
        file_for_link,
    ],
    ids=["content", "mode", "name", "folder", "more", "less", "link", "kind"],
)
def test_a_tree_differs(tmp_path: Path, change: Callable[[Path], object]) -> None:
    root = grow(tmp_path / "one")
    before = digest.of_tree(root)
    change(root)
    assert digest.of_tree(root) != before


def test_a_pipe_in_a_tree_is_an_error_and_no_endless_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe: is neither a file nor"):
        digest.of_tree(tmp_path)


def test_its_own_place_is_forgotten(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"prefix={tmp_path}/{name}/lib")
    parts = [
        digest.of_member(path, path.lstat(), {bytes(path): b"@"})
        for path in (tmp_path / "one", tmp_path / "two")
    ]
    assert parts[0] == parts[1]


def aged(path: Path, text: str, seconds: int = 0) -> Path:
    path.write_text(text)
    moment = LONG_AGO + seconds * 1_000_000_000
    os.utime(path, ns=(moment, moment))
    return path


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as old at once: their ctime cannot be set."""
    monkeypatch.setattr(digest, "YOUNG_NS", -1)


@pytest.mark.usefixtures("old")
def test_what_is_unchanged_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = aged(tmp_path / "file", "text")
    memo = digest.Memo(tmp_path / "memo" / "digests.json")
    found = memo.of_file(file)
    memo.save()
    monkeypatch.setattr(digest, "of_file", lambda _: "read again")
    assert digest.Memo(tmp_path / "memo" / "digests.json").of_file(file) == found


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize(
    "change",
    [
        lambda file: aged(file, "other"),
        lambda file: aged(file, "texT"),  # same size, same time: the ctime tells
        lambda file: aged(file, "text", 1),
        lambda file: aged(file.with_name("new"), "texT").replace(file),
    ],
    ids=["size", "ctime", "mtime", "inode"],
)
def test_what_changed_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    file = aged(tmp_path / "file", "text")
    memo = digest.Memo(tmp_path / "digests.json")
    memo.of_file(file)
    change(file)
    monkeypatch.setattr(digest, "of_file", lambda _: "read again")
    assert memo.of_file(file) == "read again"


def test_a_file_that_was_just_written_is_not_remembered_for_later_runs(tmp_path: Path) -> None:
    """It may change again within the same tick, with the same size and the same times."""
    (tmp_path / "file").write_text("x")
    memo = digest.Memo(tmp_path / "digests.json")
    memo.of_file(tmp_path / "file")
    memo.put("other", [1])
    memo.save()
    assert json.loads((tmp_path / "digests.json").read_text()) == {"other": [1]}


@pytest.mark.parametrize("content", ["", "{", "[]", "\xff", '{"%s": [1]}', '{"%s": 3}'])
def test_a_damaged_memo_only_costs_time(tmp_path: Path, content: str) -> None:
    file = aged(tmp_path / "file", "")
    (tmp_path / "digests.json").write_text(content.replace("%s", str(file)), encoding="latin-1")
    memo = digest.Memo(tmp_path / "digests.json")
    assert memo.of_file(file) == EMPTY
    assert memo.get("absent") is None


def test_a_memo_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    memo = digest.Memo(tmp_path / "file" / "below" / "digests.json")
    memo.put("a", 1)
    memo.save()
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from racing import race
from wheelforge import atomic
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = 40
ROOT = os.geteuid() == 0


PUBLISH = f"""
from pathlib import Path
from wheelforge import atomic
place, number = Path(sys.argv[1]), sys.argv[2]
part = place / f".part-{{number}}"
part.mkdir()
for name in range({FILES}):
    (part / f"{{name}}").write_text(number * 100)
go()
print(number if atomic.publish_dir(part, place / "final") else "")
"""


def test_of_eight_processes_exactly_one_publishes_and_it_is_whole(tmp_path: Path) -> None:
    [winner] = [line.strip() for line in race(PUBLISH, 8, tmp_path) if line.strip()]
    texts = [path.read_text() for path in (tmp_path / "final").iterdir()]
    assert texts == [winner * 100] * FILES


def test_write_replaces_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "inner" / "file"
    atomic.write(file, b"one")
    assert atomic.write_if_changed(file, b"two")
    before = file.stat()
    assert not atomic.write_if_changed(file, b"two")
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert file.read_bytes() == b"two"
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_content_and_no_temporary_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    file = tmp_path / "file"
    file.write_bytes(b"old")
    monkeypatch.setattr(os if call == "fsync" else Path, call, full)
    with pytest.raises(OSError, match="full"):
        atomic.write(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_killed_while_it_writes_the_name_holds_one_whole_content(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom wheelforge import atomic\n"
        "n = 0\n"
        "while True:\n"
        "    atomic.write(Path(sys.argv[1]), bytes([n % 256]) * 300_000)\n"
        "    n += 1\n"
    )
    file = tmp_path / "file"
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", code, str(file)]) as writer:
            deadline = time.monotonic() + 20
            begun = file.stat().st_mtime_ns if file.exists() else 0
            while not file.exists() or file.stat().st_mtime_ns == begun:
                assert time.monotonic() < deadline
            writer.kill()
        content = file.read_bytes()
        assert len(content) == 300_000
        assert len(set(content)) == 1


def test_place_file_first_wins_unless_it_shall_replace(tmp_path: Path) -> None:
    one, two, goal = tmp_path / "one", tmp_path / "two", tmp_path / "inner" / "goal"
    one.write_text("1")
    two.write_text("2")
    assert atomic.place_file(one, goal)
    assert not atomic.place_file(two, goal)
    assert goal.read_text() == "1"
    assert atomic.place_file(two, goal, replace=True)
    assert goal.read_text() == "2"
    assert list(goal.parent.iterdir()) == [goal]


def test_place_file_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    (tmp_path / "one").write_text("1")
    assert atomic.place_file(tmp_path / "one", tmp_path / "goal")
    assert not atomic.place_file(tmp_path / "one", tmp_path / "goal")
    assert {path.name for path in tmp_path.iterdir()} == {"one", "goal"}


def test_copy_tree_keeps_links_times_and_the_x_bit_and_overwrites(tmp_path: Path) -> None:
    source, goal = tmp_path / "source", tmp_path / "goal"
    (source / "inner" / ".git").mkdir(parents=True)
    (source / "inner" / "run").write_text("new")
    (source / "inner" / "run").chmod(0o4711)
    (source / "link").symlink_to("/somewhere")
    os.utime(source / "inner" / "run", ns=(5, 7))
    (goal / "inner").mkdir(parents=True)
    (goal / "inner" / "run").write_text("old")
    (goal / "link").symlink_to("/elsewhere")
    for _ in range(2):
        atomic.copy_tree(source, goal, frozenset({".git"}))
    found = (goal / "inner" / "run").stat()
    assert (found.st_mode & 0o7777, found.st_mtime_ns) == (0o755, 7)
    assert (goal / "inner" / "run").read_text() == "new"
    assert (goal / "link").readlink() == Path("/somewhere")
    assert not (goal / "inner" / ".git").exists()


def test_copy_tree_refuses_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    os.mkfifo(tmp_path / "source" / "pipe")
    with pytest.raises(InputError, match="pipe: is neither a file"):
        atomic.copy_tree(tmp_path / "source", tmp_path / "goal")


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder every user can work in; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


REMOVE = """
import os, pathlib, sys
from wheelforge import atomic
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
atomic.remove_tree(pathlib.Path(sys.argv[1]))
"""


def test_remove_tree_takes_folders_without_write_permission(shared: Path) -> None:
    """As another user when the tests run as root: permissions do not stop root."""
    tree = shared / "tree"
    (tree / "inner").mkdir(parents=True)
    (tree / "inner" / "file").touch()
    (tree / "link").symlink_to(shared)
    if ROOT:
        for path in (tree, tree / "inner", tree / "inner" / "file"):
            os.chown(path, 65534, 65534)
    (tree / "inner").chmod(0o500)
    tree.chmod(0o500)
    subprocess.run([sys.executable, "-c", REMOVE, tree], check=True)
    assert not tree.exists()
    assert shared.stat().st_mode & 0o777 == 0o777


def test_remove_tree_never_raises(tmp_path: Path, shared: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(shared)
    for name in ("absent", "file", "link", "file/below"):
        atomic.remove_tree(tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "link"}
    assert shared.exists()


def test_a_private_name_is_abandoned_when_its_process_is_gone() -> None:
    mine = atomic.private("name")
    assert atomic.abandoned(mine) is False
    with subprocess.Popen(["true"]) as child:
        child.wait()
    assert atomic.abandoned(mine.replace(f"-{os.getpid()}", f"-{child.pid}")) is True
    assert atomic.abandoned(f"name-another-host-{child.pid}") is None
    assert atomic.abandoned("0123456789abcdef0123") is None


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "no space left on the device"),
        (errno.EDQUOT, "disk quota exceeded"),
        (errno.EACCES, "permission denied"),
        (errno.EPERM, "operation not permitted"),
        (errno.EROFS, "read-only file system"),
        (errno.ENOTDIR, "a file is where a folder should be"),
    ],
)
def test_what_the_file_system_refuses_is_told_with_the_option(number: int, says: str) -> None:
    with pytest.raises(InputError) as caught, atomic.told(Path("/place"), "--wheelhouse"):
        raise OSError(number, "words", "/place/file")
    assert str(caught.value).startswith(f"/place/file: {says}\n")
    assert "--wheelhouse" in caught.value.remedy


def test_other_errors_pass() -> None:
    with pytest.raises(OSError, match="Errno 5"), atomic.told(Path("/place"), "--wheelhouse"):
        raise OSError(errno.EIO, "words")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one mebibyte."""
    if not ROOT:
        pytest.skip("mounting a small tmpfs needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False, capture_output=True
    )
    if done.returncode:
        pytest.skip(f"root may not mount here: {done.stderr.decode()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_disk_that_is_really_full(small_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(3 << 20))
    (tmp_path / "tree" / "inner").mkdir(parents=True)
    (tmp_path / "big").rename(tmp_path / "tree" / "inner" / "big")
    big = tmp_path / "tree" / "inner" / "big"
    for attempt in (
        lambda: atomic.write(small_disk / "file", big.read_bytes()),
        lambda: atomic.place_file(big, small_disk / "file"),
    ):
        with pytest.raises(InputError, match="no space left"), atomic.told(small_disk, "--x"):
            attempt()
        assert not list(small_disk.iterdir())
    with pytest.raises(InputError, match="no space left"), atomic.told(small_disk, "--x"):
        atomic.copy_tree(tmp_path / "tree", small_disk / "copy")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(InputError, match="read-only"), atomic.told(small_disk, "--x"):
        atomic.write(small_disk / "file", b"")


SWAP = """
from pathlib import Path
from wheelforge import atomic
place = Path(sys.argv[1])
part = place / f"part-{sys.argv[2]}"
part.mkdir()
(part / "whose").write_text(sys.argv[2])
go()
missing = 0
for _ in range(200):
    atomic.swap_dirs(part, place / "final")
    missing += not (place / "final/whose").is_file()
print(missing)
"""


def test_swapped_folders_are_never_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "final").mkdir()
    (tmp_path / "final/whose").write_text("first")
    assert race(SWAP, 2, tmp_path) == ["0\n", "0\n"]
    texts = {path.name: (path / "whose").read_text() for path in tmp_path.iterdir()}
    assert sorted(texts) == ["final", "part-0", "part-1"]
    assert sorted(texts.values()) == ["0", "1", "first"]


def test_folders_are_swapped_where_the_kernel_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    monkeypatch.setattr(atomic, "_RENAME_EXCHANGE", 1 << 30)  # EINVAL, as of an old kernel
    atomic.swap_dirs(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "one/file").read_text() == "other"
    assert (tmp_path / "other/file").read_text() == "one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "other"]

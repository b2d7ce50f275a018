"""Archives from elsewhere: unpacked as they are, or refused with nothing written outside."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wheelforge import archive
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = {
    "file": tarfile.REGTYPE,
    "dir": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
    "device": tarfile.CHRTYPE,
    "fifo": tarfile.FIFOTYPE,
}
Entry = tuple[str, str, str]  # kind, name, content or target


def tar(path: Path, entries: Sequence[Entry], mode: str = "w", *, mtime: int = 1000) -> Path:
    with tarfile.open(path, mode) as out:  # type: ignore[call-overload]
        for kind, name, text in entries:
            info = tarfile.TarInfo(name)
            info.type = KINDS[kind]
            info.mtime = mtime
            info.mode = 0o4755 if text.startswith("#!") else 0o600
            if kind == "file":
                info.size = len(text)
                out.addfile(info, io.BytesIO(text.encode()))
            else:
                info.linkname = text
                out.addfile(info)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "src.tar"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "box" / "out"


def tree(root: Path) -> dict[str, str]:
    """Files with their content, links with their target."""
    return {
        path.relative_to(root).as_posix(): f"-> {path.readlink()}"
        if path.is_symlink()
        else path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


GOOD: list[Entry] = [
    ("dir", "p-1", ""),
    ("file", "p-1/run.sh", "#!/bin/sh"),
    ("file", "./p-1/sub/a.c", "int a;"),
    ("symlink", "p-1/sub/up.sh", "../run.sh"),
    ("hardlink", "p-1/b.c", "p-1/sub/a.c"),
    ("file", "p-1/b.c", "int b;"),
    ("file", "loose", "passed over"),
]
UNPACKED = {
    "run.sh": "#!/bin/sh",
    "sub/a.c": "int a;",
    "sub/up.sh": "-> ../run.sh",
    "b.c": "int b;",
}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_is_unpacked_without_its_first_folder(file: Path, out: Path, mode: str) -> None:
    archive.unpack(tar(file, GOOD, mode), out)
    assert tree(out) == UNPACKED
    assert (out / "run.sh").stat().st_mode & 0o7777 == 0o755
    assert (out / "b.c").stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize(("strip", "name"), [(0, "a/b/c"), (1, "b/c"), (2, "c")])
def test_folders_are_stripped(file: Path, out: Path, strip: int, name: str) -> None:
    archive.unpack(tar(file, [("file", "a/b/c", "x")]), out, strip=strip)
    assert tree(out) == {name: "x"}


def test_stripping_everything_is_an_error(file: Path, out: Path) -> None:
    with pytest.raises(InputError, match="nothing is in the archive below 3"):
        archive.unpack(tar(file, [("file", "a/b/c", "x")]), out, strip=3)


def test_times_are_kept_and_never_in_the_future(file: Path, out: Path) -> None:
    archive.unpack(tar(file, [("file", "a", "x")], mtime=1000), out, strip=0)
    assert (out / "a").stat().st_mtime == 1000
    archive.unpack(tar(file, [("file", "b", "x")], mtime=1 << 34), out, strip=0)
    assert (out / "b").stat().st_mtime <= time.time()


def test_a_name_twice_is_the_last_one(file: Path, out: Path) -> None:
    archive.unpack(
        tar(file, [("file", "a", "1"), ("symlink", "a", "b"), ("file", "a", "2")]), out, strip=0
    )
    assert tree(out) == {"a": "2"}


def test_links_in_a_circle_are_only_links(file: Path, out: Path) -> None:
    archive.unpack(tar(file, [("symlink", "a", "b"), ("symlink", "b", "a")]), out, strip=0)
    assert tree(out) == {"a": "-> b", "b": "-> a"}


def test_a_tar_that_ends_with_a_zip_is_a_tar(file: Path, out: Path, tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as data:
        data.writestr("evil", "x")
    with tarfile.open(file, "w") as data:
        info = tarfile.TarInfo("inner.zip")
        info.size = len(inner.getvalue())
        data.addfile(info, io.BytesIO(inner.getvalue()))
    assert zipfile.is_zipfile(file)
    archive.unpack(file, out, strip=0)
    assert [path.name for path in out.iterdir()] == ["inner.zip"]
    assert tmp_path.is_dir()


def zipped(path: Path, entries: Sequence[tuple[str, int, str]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as data:
        for name, mode, text in entries:
            info = zipfile.ZipInfo(name, (2001, 2, 3, 4, 5, 6))
            info.external_attr = mode << 16
            info.create_system = 3
            data.writestr(info, text)
    return path


def test_a_zip_is_unpacked(file: Path, out: Path) -> None:
    entries = [
        ("p/", 0o040755, ""),
        ("p/a", 0o100755, "x"),
        ("p/b", 0o120777, "a"),
        ("p/c", 0, "y"),
    ]
    archive.unpack(zipped(file, entries), out)
    assert tree(out) == {"a": "x", "b": "-> a", "c": "y"}
    assert (out / "a").stat().st_mode & 0o777 == 0o755
    assert (out / "a").stat().st_mtime == 981173106


def test_a_zip_without_dates_is_unpacked(file: Path, out: Path) -> None:
    data = zipped(file, [("a", 0o100644, "x")]).read_bytes()
    stamp = zipfile.ZipInfo("a", (2001, 2, 3, 4, 5, 6))
    packed = ((stamp.date_time[0] - 1980) << 9 | 2 << 5 | 3).to_bytes(2, "little")
    assert data.count(packed) == 2
    file.write_bytes(data.replace(packed, b"\0\0"))
    archive.unpack(file, out, strip=0)
    assert tree(out) == {"a": "x"}


HOSTILE: dict[str, list[Entry]] = {
    "absolute": [("file", "/escaped", "x")],
    "dots": [("file", "a/../../../escaped", "x")],
    "dots that stay inside": [("file", "a/../b", "x")],
    "backslash": [("file", "..\\escaped", "x")],
    "absolute link": [("symlink", "a", "/etc/passwd")],
    "link out": [("symlink", "a", "../escaped")],
    "link out by the back": [("symlink", "a", "b/../../escaped")],
    "through a link": [("symlink", "a", ".."), ("file", "a/escaped", "x")],
    "link of links": [
        ("symlink", "p", "q/.."),
        ("symlink", "q", "."),
        ("file", "p/escaped", "x"),
    ],
    "folder through a link of links": [
        ("symlink", "p", "q/.."),
        ("symlink", "q", "."),
        ("file", "p/escaped/file", "x"),
    ],
    "through a link that leads out after it was used": [
        ("dir", "a/b/c", ""),
        ("dir", "x", ""),
        ("symlink", "d", "a/b/c"),
        ("symlink", "l", "d/../.."),
        ("file", "l/inside", "x"),
        ("symlink", "d", "x"),
        ("file", "l/escaped", "x"),
    ],
    "link that leads out later": [("symlink", "p", "q/.."), ("symlink", "q", ".")],
    "hard link out": [("hardlink", "a", "../secret")],
    "absolute hard link": [("hardlink", "a", "/etc/passwd")],
    "hard link to nothing": [("hardlink", "a", "b")],
    "hard link to a link": [("symlink", "a", "b"), ("hardlink", "c", "a")],
    "hard link through a link": [
        ("symlink", "p", "q/.."),
        ("symlink", "q", "."),
        ("hardlink", "c", "p/secret"),
    ],
    "device": [("device", "a", "")],
    "fifo": [("fifo", "a", "")],
    "file over a folder": [("dir", "a", ""), ("file", "a", "x")],
    "folder over a file": [("file", "a", "x"), ("dir", "a", "")],
    "below a file": [("file", "a", "x"), ("file", "a/b", "x")],
    "below a broken link": [("symlink", "a", "b"), ("file", "a/b", "x")],
    "below a circle": [("symlink", "a", "a"), ("file", "a/b", "x")],
    "a link to nothing": [("symlink", "a", "")],
    "a very long name": [("file", "a" * 300, "x")],
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_tar_is_refused(file: Path, out: Path, kind: str) -> None:
    out.mkdir(parents=True)
    (out.parent / "secret").write_text("secret")
    with pytest.raises(InputError) as caught:
        archive.unpack(tar(file, HOSTILE[kind]), out, strip=0)
    assert caught.value.where == str(file)
    assert caught.value.remedy
    assert {path.name for path in out.parent.iterdir()} == {"out", "secret"}
    assert "secret" not in tree(out).values()


@pytest.mark.parametrize(
    "entry",
    [
        ("../escaped", 0o100644, "x"),
        ("/escaped", 0o100644, "x"),
        ("a", 0o120777, "../escaped"),
        ("a", 0o120777, "/etc/passwd"),
        ("a", 0o120777, "b" * 5000),
    ],
)
def test_a_hostile_zip_is_refused(file: Path, out: Path, entry: tuple[str, int, str]) -> None:
    with pytest.raises(InputError):
        archive.unpack(zipped(file, [entry]), out, strip=0)
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_an_encrypted_zip_is_refused(file: Path, out: Path) -> None:
    data = bytearray(zipped(file, [("a", 0o100644, "x" * 20)]).read_bytes())
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    file.write_bytes(data)
    with pytest.raises(InputError, match="is encrypted"):
        archive.unpack(file, out, strip=0)


def test_an_enormous_archive_is_refused(
    file: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tar(file, [("file", f"p/{number}", "12345") for number in range(10)])
    monkeypatch.setenv("WHEELFORGE_LIMITS", "archive-bytes=20")
    with pytest.raises(InputError, match="unpacked it is larger than archive-bytes allows"):
        archive.unpack(file, out)
    monkeypatch.setenv("WHEELFORGE_LIMITS", "archive-entries=5")
    with pytest.raises(InputError, match="it is larger than archive-entries allows"):
        archive.unpack(file, out)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz", "zip"])
@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_damage_is_an_input_error(file: Path, out: Path, mode: str, damage: str) -> None:
    text = "".join(f"{number * 7919 % 10007}\n" for number in range(20000))
    if mode == "zip":
        zipped(file, [("p/a", 0o100644, text)])
    else:
        tar(file, [("file", "p/a", text)], mode)
    data = bytearray(file.read_bytes())
    if damage == "cut":
        del data[len(data) // 2 :]
    else:
        middle = 148 if mode == "w" else len(data) // 2  # a plain tar has checksums in headers only
        data[middle : middle + 4] = bytes(byte ^ 0x55 for byte in data[middle : middle + 4])
    file.write_bytes(data)
    with pytest.raises(InputError, match="cannot be read"):
        archive.unpack(file, out)


@pytest.mark.parametrize("data", [b"", b"x" * 2000])
def test_what_is_no_archive_is_an_input_error(file: Path, out: Path, data: bytes) -> None:
    file.write_bytes(data)
    with pytest.raises(InputError):
        archive.unpack(file, out)


words = st.lists(st.sampled_from(["a", "b", "c", "..", ".", ""]), min_size=1, max_size=4)
names = words.map("/".join)
entries = st.tuples(st.sampled_from(["file", "dir", "symlink", "hardlink"]), names, names)


@settings(max_examples=60, deadline=None, database=None)
@given(st.lists(entries, max_size=6))
def test_nothing_is_ever_written_or_linked_outside(members: list[Entry]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        box = Path(folder) / "box"
        root = box / "out"
        box.mkdir()
        file = tar(Path(folder) / "x.tar", [member for member in members if member[1]])
        try:
            archive.unpack(file, root, strip=0)
        except InputError:
            refused = True
        else:
            refused = False
        assert [path.name for path in box.iterdir()] == ["out"]
        inside = [path for path in root.rglob("*") if path.is_symlink()]
        if not refused:
            real = root.resolve()
            assert all(Path(path).parent.resolve().is_relative_to(real) for path in inside)
            for path in inside:
                assert os.path.realpath(path).startswith(str(real))

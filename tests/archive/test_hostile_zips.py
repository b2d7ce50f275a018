"""Zip files made to do harm: two readers of one file must not see two different things."""

from __future__ import annotations

import struct
import zipfile
from functools import partial
from pathlib import Path

import pytest

from builders import refusal
from odd_archives import Zipped, zipped
from wheelforge import archive
from wheelforge.errors import InputError
from wheelforge.untrusted.limits import ARCHIVE_BYTES, ARCHIVE_ENTRIES

ZEROS = bytes(1 << 20)

HOSTILE = {
    "two names": (zipped(Zipped(b"p/a", b"x", table_name=b"p/b")), "not what the table"),
    "two sizes": (zipped(Zipped(b"p/a", b"xyz", table_size=2)), "not what the table"),
    "a name twice": (zipped(Zipped(b"p/a", b"x"), Zipped(b"p/a", b"y")), "is there twice"),
    "one entry in another": (
        zipped(Zipped(b"p/a", zipped(Zipped(b"p/b", b"x"))), Zipped(b"p/b", b"x", at=33)),
        "lies over what follows",
    ),
    "entries that share their data": (
        zipped(Zipped(b"p/a", ZEROS), Zipped(b"p/b", ZEROS, at=0), deflated=True),
        "not what the table",
    ),
    "an entry in front of the file": (
        zipped(Zipped(b"p/a", b"x", at=0xFFFFFF00)),
        "is nowhere in the file",
    ),
    "a NUL in a name": (zipped(Zipped(b"p/a\0.txt", b"x")), "control characters"),
    "a line end in a name": (zipped(Zipped(b"p/a\nb", b"x")), "control characters"),
    "a way out": (zipped(Zipped(b"p/../../a", b"x")), "leads outside"),
    "a drive's separators": (zipped(Zipped(b"p\\a", b"x")), "malformed name"),
    "a name that is no UTF-8": (zipped(Zipped(b"p/\xff", b"x", flags=0x800)), "cannot be read"),
    "no name": (zipped(Zipped(b"", b"x")), "has no name"),
    "an entry after the entries": (zipped(Zipped(b"p/a", b"x", at=1 << 20)), "nowhere in the file"),
    "encrypted": (zipped(Zipped(b"p/a", b"x", flags=1)), "is encrypted"),
    "no end": (zipped(Zipped(b"p/a", b"x"))[:-10], "cannot be read"),
    "a table beyond the end": (
        zipped(Zipped(b"p/a", b"x"))[:-10] + struct.pack("<LLH", 1 << 30, 0, 0),
        "archive-entries",
    ),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "src.zip"


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_zip_is_refused(
    file: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, why = HOSTILE[kind]
    file.write_bytes(data)
    monkeypatch.setenv("WHEELFORGE_LIMITS", "archive-entries=1K")
    error = refusal(partial(archive.unpack, file, tmp_path / "out"))
    assert why in error.what
    assert error.where == str(file)


def test_a_name_in_an_extra_field_may_not_lead_out_either(file: Path, tmp_path: Path) -> None:
    """The Unicode path field (0x7075), which Python reads from 3.13 on."""
    import zlib

    name = b"p/../../evil"
    field = struct.pack("<HHBL", 0x7075, 5 + len(name), 1, zlib.crc32(b"p/a")) + name
    file.write_bytes(zipped(Zipped(b"p/a", b"x", extra=field)))
    try:
        archive.unpack(file, tmp_path / "out")
    except InputError as error:
        assert "leads outside" in error.what  # noqa: PT017 - older Pythons do not raise
    assert {path.name for path in tmp_path.iterdir()} == {"src.zip", "out"}


@pytest.mark.parametrize(
    ("limits", "why"),
    [("archive-bytes=3M", "archive-bytes"), ("archive-entries=3", "archive-entries")],
)
def test_a_bomb_is_refused_before_it_is_unpacked(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: str, why: str
) -> None:
    names = [f"p/{number}".encode() for number in range(4)]
    file.write_bytes(zipped(*(Zipped(name, ZEROS) for name in names), deflated=True))
    monkeypatch.setenv("WHEELFORGE_LIMITS", limits)
    assert why in refusal(partial(archive.unpack, file, tmp_path / "out")).what
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("size", "why"), [(1 << 31, "holds 1000 bytes and says 2147483648"), (999, "cannot be read")]
)
def test_a_size_that_lies(file: Path, tmp_path: Path, size: int, why: str) -> None:
    data = bytearray(zipped(Zipped(b"p/a", b"x" * 1000), deflated=True))
    for at in (22, data.index(b"PK\1\2") + 24):  # both say the same
        data[at : at + 4] = size.to_bytes(4, "little")
    file.write_bytes(data)
    assert why in refusal(partial(archive.unpack, file, tmp_path / "out")).what


def test_a_method_that_asks_for_memory_is_refused(file: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as data:
        data.writestr("p/a", "a")
    said = refusal(partial(archive.unpack, file, tmp_path / "out")).what
    assert "'p/a' is packed by a method that is not unpacked here" in said


def test_damage_inside_of_an_entry(file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_BZIP2) as data:
        data.writestr("p/a", bytes(range(256)) * 9)
        packed = data.infolist()[0].compress_size
    data = bytearray(file.read_bytes())
    data[33 : 33 + packed] = b"\5\5\5\0" + b"\xff" * (packed - 4)
    file.write_bytes(data)
    with (
        pytest.raises(InputError, match="cannot be read"),
        archive.open_zip(file, ARCHIVE_ENTRIES, ARCHIVE_BYTES) as opened,
    ):
        opened.read("p/a")


@pytest.mark.parametrize("size", [0, 1 << 12])
def test_what_honest_programs_write_is_read(file: Path, tmp_path: Path, size: int) -> None:
    with file.open("wb") as out, zipfile.ZipFile(_Unseekable(out), "w") as data:
        data.writestr("p/streamed", b"s" * size)  # sizes follow the data
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as data:
        data.writestr("p/größer", b"g" * size)
        with data.open("p/zip64", "w", force_zip64=True) as inside:
            inside.write(b"z" * size)
        data.comment = b"PK\5"
    archive.unpack(file, tmp_path / "out")
    found = {path.name: path.stat().st_size for path in (tmp_path / "out").iterdir()}
    assert found == {"streamed": size, "größer": size, "zip64": size}


class _Unseekable:
    def __init__(self, out: object) -> None:
        self.write = out.write  # type: ignore[attr-defined]
        self.flush = out.flush  # type: ignore[attr-defined]

"""Tar archives made to do harm."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from functools import partial
from pathlib import Path

import pytest

from builders import refusal
from odd_archives import BLOCK, END, entry, header, negative, pax
from wheelforge import archive

GOOD = entry("p/good", b"good")
SPARSE = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 62)}
BOMB = 1 << 22

HOSTILE = {
    "a size below nothing": (GOOD + header("p/a", negative(-BLOCK)), "impossible size"),
    "a size below nothing by pax": (GOOD + pax({"size": "-512"}) + header("p/a"), "contradicts"),
    "a name of gigabytes": (header("p/a", 8 << 30, b"L"), "impossible size"),
    "a link of gigabytes": (header("p/a", 8 << 30, b"K"), "impossible size"),
    "attributes of gigabytes": (header("p/a", 8 << 30, b"x"), "impossible size"),
    "a global header of gigabytes": (header("p/a", 8 << 30, b"g"), "impossible size"),
    "headers about headers": (header("p/a", 0, b"L") * 500, "recursion"),
    "global headers without end": (
        b"".join(pax({f"a{n}": "", f"b{n}": ""}, b"g") + entry(f"p/{n}", b"") for n in range(60)),
        "contradicts",
    ),
    "a sparse file": (header("p/a", 0, b"S"), "sparse"),
    "a sparse file of pax 1.0": (pax(SPARSE) + entry("p/a", b"0\n"), "sparse"),
    "a sparse file of pax 0.1": (
        pax({"GNU.sparse.map": "0,1", "GNU.sparse.size": "9"}) + entry("p/a", b"0\n"),
        "sparse",
    ),
    "a sparse file of pax 0.0": (pax({"GNU.sparse.size": "9"}) + entry("p/a", b"0\n"), "sparse"),
    "a damaged header further on": (GOOD + b"x" * BLOCK + GOOD, "damaged header"),
    "a header cut off": (GOOD + header("p/a")[:100], "damaged header"),
    "a line end in a name": (entry("p/a\nerror: x", b""), r"'p/a\u000aerror: x' has control"),
    "an escape in a name": (entry("p/\x1b[2J", b""), r"'p/\u001b[2J' has control"),
    "a drive's separators": (entry("p\\..\\a", b""), "malformed name"),
    "a NUL in a name of pax": (pax({"path": "p/a\0b"}) + entry("p/c", b""), "has control"),
    "a time without end": (pax({"mtime": "inf"}) + entry("p/c", b""), "infinity"),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "src.tar"


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_tar_is_refused(file: Path, tmp_path: Path, kind: str) -> None:
    data, why = HOSTILE[kind]
    file.write_bytes(data + END)
    error = refusal(partial(archive.unpack, file, tmp_path / "out"))
    assert why in error.what
    assert error.where == str(file)


def test_what_is_passed_over_counts_too(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(gzip.compress(GOOD + entry("loose", bytes(BOMB)) + END))
    monkeypatch.setenv("WHEELFORGE_LIMITS", "archive-bytes=1M")
    assert "archive-bytes" in refusal(partial(archive.unpack, file, tmp_path / "out")).what


def test_a_copy_of_a_hard_link_counts_too(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = b"".join(header(f"p/{number}", 0, b"1", link="p/a") for number in range(100))
    file.write_bytes(entry("p/a", bytes(1 << 20)) + links + END)
    monkeypatch.setenv("WHEELFORGE_LIMITS", "archive-bytes=5M")
    assert "archive-bytes" in refusal(partial(archive.unpack, file, tmp_path / "out")).what
    assert sum(path.stat().st_size for path in (tmp_path / "out").iterdir()) < 6 << 20


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_follows_an_archive_ends_too(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: object
) -> None:
    assert callable(pack)
    file.write_bytes(pack(GOOD + END + bytes(BOMB)))
    monkeypatch.setenv("WHEELFORGE_LIMITS", "archive-bytes=1M")
    assert "does not end" in refusal(partial(archive.unpack, file, tmp_path / "out")).what


def test_an_xz_stream_that_asks_for_gigabytes(file: Path, tmp_path: Path) -> None:
    data = bytearray(lzma.compress(GOOD + END, preset=0))
    file.write_bytes(data)
    archive.unpack(file, tmp_path / "fine")
    at = data.index(b"\x21\x01", 12)  # LZMA2, and one byte that says how large its dictionary is
    data[at + 2] = 40
    size = (data[12] + 1) * 4
    import zlib

    data[12 + size - 4 : 12 + size] = zlib.crc32(data[12 : 12 + size - 4]).to_bytes(4, "little")
    file.write_bytes(data)
    error = refusal(partial(archive.unpack, file, tmp_path / "out"))
    assert "Memory usage limit" in error.what


def test_xz_files_of_several_streams(file: Path, tmp_path: Path) -> None:
    data = GOOD + entry("p/b", b"b" * 5000) + END
    file.write_bytes(lzma.compress(data[:700]) + bytes(8) + lzma.compress(data[700:]) + bytes(4))
    archive.unpack(file, tmp_path / "out")
    assert (tmp_path / "out" / "b").read_bytes() == b"b" * 5000


def test_long_names_are_read_as_ever(file: Path, tmp_path: Path) -> None:
    name = "p/" + "/".join(["x" * 100] * 5)
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(file, "w", format=form) as out:
            info = tarfile.TarInfo(name)
            info.size = 1
            out.addfile(info, io.BytesIO(b"x"))
        archive.unpack(file, tmp_path / f"out{form}", strip=0)
        assert (tmp_path / f"out{form}" / name).read_bytes() == b"x"

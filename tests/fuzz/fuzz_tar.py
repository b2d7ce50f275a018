"""Source archives in tar, of any compression."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from typing import TYPE_CHECKING

import tar_mutation
import unpacked

from odd_archives import END, entry, header, pax

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

check = unpacked.check


def seeds() -> Iterator[bytes]:
    """Archives as Python, GNU tar and git write them, in each compression."""
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        yield (plain := _written(form))
    for pack in (bz2.compress, lzma.compress):
        yield pack(plain)
    yield gzip.compress(plain, mtime=0)
    yield lzma.compress(plain, lzma.FORMAT_ALONE)
    yield pax({"comment": "0" * 40}, b"g") + entry("p/a", b"x") + END
    links = header("p/link", 0, b"2", link="a") + header("p/hard", 0, b"1", link="p/a")
    yield entry("p/a", b"x") + links + END
    yield pax({"path": "p/b", "size": "1", "mtime": "1.5"}) + entry("p/a", b"x") + END


def _written(form: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as file:
        for name, kind in (("p", b"5"), ("p/a", b"0"), ("p/l", b"2"), ("p/" + "x" * 90, b"0")):
            item = tarfile.TarInfo(name)
            item.type, item.linkname, item.mode, item.mtime = kind, "a" * (kind == b"2"), 0o755, 9
            item.size = 3 * (kind == b"0")
            file.addfile(item, io.BytesIO(b"abc"))
    return out.getvalue().rstrip(b"\0") + END


def mutated(data: bytes, dice: Random) -> bytes:
    """Headers that were changed and have the right checksum again."""
    return tar_mutation.mutated(data, dice)

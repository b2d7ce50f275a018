"""Source archives in zip."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import unpacked
import zip_mutation

from odd_archives import Zipped, zipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

check = unpacked.check
_DATE = (2024, 1, 2, 3, 4, 6)


def seeds() -> Iterator[bytes]:
    """Archives as Python writes them, in each compression, and one by hand."""
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    for method in methods:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as file:
            for name, mode in (("p/", 0o40755), ("p/a", 0o100755), ("p/l", 0o120777)):
                item = zipfile.ZipInfo(name, _DATE)
                item.external_attr, item.compress_type = mode << 16, method
                file.writestr(item, b"" if name[-1] == "/" else b"a")
            with file.open(zipfile.ZipInfo("p/64", _DATE), "w", force_zip64=True) as inside:
                inside.write(b"z" * 9)
        yield out.getvalue()
    yield zipped(Zipped(b"p/a", b"x" * 99), Zipped(b"p/b", b"y"), deflated=True)


def mutated(data: bytes, dice: Random) -> bytes:
    """Tables of contents that were changed."""
    return zip_mutation.mutated(data, dice)

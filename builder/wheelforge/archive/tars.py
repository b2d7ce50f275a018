"""Reads tar archives of any compression, and believes no size that asks for memory.

tarfile takes a header's word: it reads a name of gigabytes, walks backwards to a negative size for
ever, and takes a damaged header for the end of the archive.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zlib
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any, Protocol, Self

from wheelforge.archive.member import Member
from wheelforge.untrusted.limits import ARCHIVE_BYTES, most

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAMAGE = (
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    RuntimeError,  # headers that refer to headers, more of them than Python calls functions
    OverflowError,
)

_KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hardlink",
}
_OTHER = "device or other special file"
# headers about the next header: tarfile reads them whole. They hold a path and a link's target, of
# 4096 bytes at most, and attributes of a file system
_ABOUT = frozenset(
    {
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
    }
)
_MOST_ABOUT = 16 << 10
_MOST_GLOBAL = 100  # of global headers' fields; git writes one
_CHUNK = 1 << 20
_BUFFER = 32 << 10  # of tarfile, which copies what is left of it at every read
_XZ_MEMORY = 1 << 30  # xz -9 asks for 65 MiB


class Header(tarfile.TarInfo):
    """A header of a tar archive; ReadError for what no honest one holds."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read a block of 512 bytes."""
        try:
            found = super().frombuf(buf, encoding, errors)
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            raise tarfile.ReadError(f"damaged header: {error}") from error
        if found.size < 0 or (found.type in _ABOUT and found.size > _MOST_ABOUT):
            raise tarfile.ReadError(f"a header with an impossible size ({found.size})")
        return found

    def _refuse(self, *_: object) -> Any:
        raise tarfile.ReadError("a sparse file: its holes may be of any size")

    _proc_sparse = _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _refuse


def members(path: Path) -> Iterator[Member]:
    """The entries in their order; each is to be read before the next one is asked for."""
    with ExitStack() as stack:
        data = _decompressed(stack.enter_context(path.open("rb")))
        # as a stream: what was read is never asked for again, and so need not be kept
        tar = stack.enter_context(
            tarfile.open(fileobj=data, mode="r|", bufsize=_BUFFER, tarinfo=Header)
        )
        while (item := tar.next()) is not None:
            tar.members.clear()  # type: ignore[attr-defined]  # it keeps them all
            if item.size < 0 or len(tar.pax_headers) > _MOST_GLOBAL:  # pax may say these anew
                raise tarfile.ReadError("a header that contradicts itself")
            yield Member(
                item.name,
                _KINDS.get(item.type, _OTHER),
                bool(item.mode & 0o100),
                item.size,
                int(item.mtime),
                item.linkname,
                lambda item=item: tar.extractfile(item),  # type: ignore[misc]
            )
        _read_out(data)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _decompressed(file: IO[bytes]) -> IO[bytes]:
    begin = file.read(6)
    file.seek(0)
    if begin.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    if begin.startswith(b"BZh"):
        return bz2.BZ2File(file)
    if begin.startswith((b"\xfd7zXZ\0", b"\x5d\0\0")):
        return _Xz(file)  # type: ignore[return-value]
    return file


class _Xz:
    """What lzma.LZMAFile reads, with a limit to the memory that a stream may ask for."""

    def __init__(self, file: _Readable) -> None:
        self._file = file
        self._decoder = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)

    def read(self, size: int) -> bytes:
        while True:
            data = b""
            if self._decoder.eof:
                data = self._following()
                if not data:
                    return b""
            elif self._decoder.needs_input and not (data := self._file.read(_CHUNK)):
                raise EOFError("the compressed data ends too early")
            if found := self._decoder.decompress(data, size):
                return found

    def _following(self) -> bytes:
        """The beginning of the next stream in the file; NULs may stand between two."""
        data = self._decoder.unused_data
        while not (rest := data.lstrip(b"\0")):
            if not (data := self._file.read(_CHUNK)):
                return b""
        self._decoder = lzma.LZMADecompressor(memlimit=_XZ_MEMORY)
        return rest


def _read_out(data: _Readable) -> None:
    """Read to the end, where checksums stand; what follows an archive may be endless as well."""
    left = most(ARCHIVE_BYTES)
    while chunk := data.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            raise tarfile.ReadError("it does not end")

"""Archives no honest program writes, made byte by byte."""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

BLOCK = 512
END = bytes(2 * BLOCK)


def header(name: str, size: int | bytes = 0, kind: bytes = b"0", *, link: str = "") -> bytes:
    """A tar header; a size given as 12 bytes stands there as it is."""
    number = size if isinstance(size, bytes) else b"%011o\0" % size
    block = bytearray(BLOCK)
    block[0:100] = name.encode("utf-8", "surrogateescape").ljust(100, b"\0")
    block[100:124] = b"0000644\0" + b"0000000\0" * 2
    block[124:136] = number
    block[136:148] = b"00000000000\0"
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[157:257] = link.encode().ljust(100, b"\0")
    block[257:265] = b"ustar\00000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def negative(size: int) -> bytes:
    """A size below 0, as GNU tar would write it."""
    return b"\xff" + (size + (1 << 88)).to_bytes(11, "big")


def entry(name: str, data: bytes, kind: bytes = b"0") -> bytes:
    """A header with its content."""
    return header(name, len(data), kind) + data + bytes(-len(data) % BLOCK)


def pax(fields: dict[str, str], kind: bytes = b"x") -> bytes:
    """A header about the next one."""
    return entry("PaxHeader", b"".join(map(_record, fields.items())), kind)


def _record(field: tuple[str, str]) -> bytes:
    rest = f" {field[0]}={field[1]}\n".encode()
    size = len(rest) + 1
    while len(str(size)) + len(rest) != size:
        size = len(str(size)) + len(rest)
    return str(size).encode() + rest


class Zipped(NamedTuple):
    """An entry of a zip file: what its own header and the table of contents say of it.

    `at` is where the table says it is; None: where it is.
    """

    name: bytes
    data: bytes
    table_name: bytes | None = None
    table_size: int | None = None
    at: int | None = None
    flags: int = 0
    extra: bytes = b""


def zipped(*entries: Zipped, deflated: bool = False) -> bytes:
    """A zip file of these entries."""
    body, table = b"", b""
    for item in entries:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(item.data) + packer.flush() if deflated else item.data
        size = len(item.data) if item.table_size is None else item.table_size
        name = item.name if item.table_name is None else item.table_name
        crc, method = zlib.crc32(item.data), 8 if deflated else 0
        at = len(body) if item.at is None else item.at
        numbers = (20, item.flags, method, 0, 33, crc, len(packed))
        body += struct.pack(
            "<4s5H3L2H", b"PK\3\4", *numbers, len(item.data), len(item.name), 0
        )  # fmt: skip
        body += item.name + packed
        table += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 20, *numbers, size, len(name), len(item.extra),
            0, 0, 0, 0o100644 << 16, at,
        )  # fmt: skip
        table += name + item.extra
    count, sizes = len(entries), (len(table), len(body))
    return body + table + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, *sizes, 0)

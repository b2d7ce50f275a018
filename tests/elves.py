"""Small ELF files, written without a compiler."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEEDED, _SONAME, _RPATH, _RUNPATH, _STRTAB, _STRSZ = 1, 14, 15, 29, 5, 10
_HEADER, _SEGMENT, _SECTION = 64, 56, 64


def make_elf(
    *,
    soname: str = "",
    needed: Sequence[str] = (),
    runpath: str = "",
    rpath: str = "",
    alignment: int = 0x1000,
    more: bytes = b"",
    machine: int = 183,
) -> bytes:
    """A 64-bit little-endian shared library for aarch64 with a dynamic section; `more` ends it."""
    words = [(_NEEDED, name) for name in needed]
    words += [(tag, text) for tag, text in
              ((_SONAME, soname), (_RUNPATH, runpath), (_RPATH, rpath)) if text]  # fmt: skip
    strings, entries = b"\0", []
    for tag, text in words:
        entries.append((tag, len(strings)))
        strings += text.encode() + b"\0"
    names = b"\0.dynamic\0.dynstr\0.shstrtab\0"
    base = _HEADER + 2 * _SEGMENT
    size = 16 * (len(entries) + 3)
    entries += [(_STRTAB, base + size), (_STRSZ, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack("<qQ", *entry) for entry in entries)
    body = dynamic + strings + names
    total = base + len(body)
    header = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header += struct.pack(
        "<HHIQQQIHHHHHH", 3, machine, 1, 0, _HEADER, total, 0, _HEADER, _SEGMENT, 2, _SECTION, 4, 3
    )
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, total, total, alignment)
    segment = struct.pack("<IIQQQQQQ", 2, 6, base, base, base, len(dynamic), len(dynamic), 8)
    strings_at, names_at = base + len(dynamic), base + len(dynamic) + len(strings)
    sections = b"".join(
        struct.pack("<IIQQQQIIQQ", *section)
        for section in (
            (0,) * 10,
            (1, 6, 3, base, base, len(dynamic), 2, 0, 8, 16),
            (10, 3, 2, strings_at, strings_at, len(strings), 0, 0, 1, 0),
            (18, 3, 0, 0, names_at, len(names), 0, 0, 1, 0),
        )
    )
    return header + load + segment + body + sections + more


class Table(NamedTuple):
    """A section for `make_tables`; `at` and `size` where these are not of `data`."""

    name: str
    type: int
    data: bytes = b""
    flags: int = 0
    address: int = 0
    link: int = 0
    at: int | None = None
    size: int | None = None


def make_tables(*sections: Table, machine: int = 183, names: bytes | None = None) -> bytes:
    """A 64-bit little-endian file of these sections, after the empty one and before the names."""
    texts = b"\0" + b"".join(item.name.encode() + b"\0" for item in sections) + b".shstrtab\0"
    every = [*sections, Table(".shstrtab", 3, names if names is not None else texts)]
    body, rows, place = b"", struct.pack("<IIQQQQIIQQ", *(0,) * 10), 1
    for item in every:
        at = _HEADER + len(body) if item.at is None else item.at
        size = len(item.data) if item.size is None else item.size
        rows += struct.pack("<IIQQQQIIQQ", place, item.type, item.flags, item.address, at, size,
                            item.link, 0, 8, 0)  # fmt: skip
        place += len(item.name) + 1
        body += item.data
    header = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 3, machine, 1, 0, 0, _HEADER + len(body), 0, _HEADER, _SEGMENT, 0,
        _SECTION, len(every) + 1, len(every),
    )  # fmt: skip
    return header + body + rows


def symbol(name: int, value: int, size: int, *, info: int = 0x12, section: int = 1) -> bytes:
    """A row of a symbol table: a global function, unless `info` says otherwise."""
    return struct.pack("<IBBHQQ", name, info, 0, section, value, size)


def patched(data: bytes, at: int, layout: str, *values: int) -> bytes:
    """The file with other numbers at a place."""
    new = struct.pack(layout, *values)
    return data[:at] + new + data[at + len(new) :]

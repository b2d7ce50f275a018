"""Tar archives with headers that were changed and have the right checksum again."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from typing import TYPE_CHECKING

from mutation import NAMES, havoc, number

from odd_archives import BLOCK, END, entry, header, negative, pax

if TYPE_CHECKING:
    from random import Random

_MOST = 1 << 16
_PACKERS = {
    b"\x1f\x8b": (gzip.open, lambda data: gzip.compress(data, 1, mtime=0)),
    b"BZh": (bz2.open, lambda data: bz2.compress(data, 1)),
    b"\xfd7zXZ": (lzma.open, lambda data: lzma.compress(data, preset=0)),
    b"\x5d\0\0": (lzma.open, lambda data: lzma.compress(data, lzma.FORMAT_ALONE, preset=0)),
}
# where a header's fields are: offset, size
_TEXTS = {"name": (0, 100), "link": (157, 100), "magic": (257, 8), "prefix": (345, 155)}
_NUMBERS = {"mode": (100, 8), "owner": (108, 8), "size": (124, 12), "time": (136, 12)}
_KINDS = b"0123456789LKxgXSDNVAM\0\xff"
_FIELDS = (
    "path", "linkpath", "size", "mtime", "mode", "uid", "hdrcharset", "charset", "comment",
    "GNU.sparse.major", "GNU.sparse.minor", "GNU.sparse.map", "GNU.sparse.size",
    "GNU.sparse.realsize", "GNU.sparse.name", "GNU.sparse.numblocks", "SCHILY.xattr.user.x",
)  # fmt: skip
_VALUES = (
    "0", "-1", "-512", "1e99", "nan", "inf", "99999999999999999999", "0x10", "1_0", "BINARY", "é",
    "0,1", "0,1,2", "9" * 5000, "",
)  # fmt: skip


def mutated(data: bytes, dice: Random) -> bytes:
    """An archive with a few changes, below its compression or, rarely, in it."""
    plain, mark = _unpacked(data)
    if mark and dice.random() < 0.15:
        return havoc(data, dice)
    parts = _apart(plain)
    for _ in range(dice.choice((1, 1, 2, 3))):
        _change(parts, dice)
    plain = b"".join(parts)[:_MOST]
    if dice.random() < 0.05:
        plain = plain[: dice.randrange(len(plain) + 1)]
    if dice.random() < 0.1:
        mark = dice.choice((b"", *_PACKERS))
    return _PACKERS[mark][1](plain) if mark else plain


def _unpacked(data: bytes) -> tuple[bytes, bytes]:
    for mark, (opened, _) in _PACKERS.items():
        if data.startswith(mark):
            found = b""
            try:
                with opened(io.BytesIO(data)) as file:
                    found = file.read(_MOST)
            except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error):
                pass
            return found, mark
    return data, b""


def _apart(data: bytes) -> list[bytes]:
    """Headers and the contents between them."""
    parts, at = [], 0
    while at + BLOCK <= len(data):
        parts.append(data[at : at + BLOCK])
        at += BLOCK
        text = parts[-1][124:136].strip(b" \0")
        size = int(text, 8) if text and all(digit in b"01234567" for digit in text) else 0
        if size and parts[-1][257:262] == b"ustar":
            rounded = -(-size // BLOCK) * BLOCK
            parts.append(data[at : at + rounded])
            at += rounded
    return [part for part in (*parts, data[at:]) if part] or [bytes(BLOCK)]


def _change(parts: list[bytes], dice: Random) -> None:
    at = dice.randrange(len(parts))
    headers = [place for place, part in enumerate(parts) if part[257:262] == b"ustar"]
    match dice.randrange(8):
        case 0 | 1 | 2 if headers:
            at = dice.choice(headers)
            parts[at] = _header_changed(parts[at], dice)
        case 3:
            parts.insert(at, parts[dice.randrange(len(parts))])
        case 4 if len(parts) > 1:
            del parts[at]
        case 5:
            parts[at] = havoc(parts[at], dice)
        case 6:
            parts.insert(at, _about(dice))
        case _:
            parts.insert(dice.choice(headers or [0]), _added(dice))


def _header_changed(block: bytes, dice: Random) -> bytes:
    changed = bytearray(block)
    match dice.randrange(3):
        case 0:
            at, size = dice.choice(list(_TEXTS.values()))
            changed[at : at + size] = dice.choice(NAMES)[:size].ljust(size, b"\0")
        case 1:
            at, size = dice.choice(list(_NUMBERS.values()))
            changed[at : at + size] = _number(dice, size)
        case _:
            changed[156] = dice.choice(_KINDS)
    if dice.random() < 0.95:
        changed[148:156] = b" " * 8
        changed[148:156] = b"%06o\0 " % sum(changed)
    return bytes(changed)


def _number(dice: Random, size: int) -> bytes:
    value = number(dice, 33)
    texts = [b"%0*o\0" % (size - 1, value % 8 ** (size - 1)), b" " * size, b"-1".ljust(size, b"\0")]
    if size == 12:
        texts += [negative(-1 - value), b"\x80" + value.to_bytes(11, "big"), b"\xff" * 12]
    return dice.choice(texts)


def _added(dice: Random) -> bytes:
    """A whole entry: a link somewhere, or something written through one."""
    name, target = (dice.choice(NAMES)[:90].decode("utf-8", "replace") for _ in range(2))
    kinds = (b"1", b"2", b"2", b"3", b"5", b"6")
    return dice.choice(
        (
            header("p/link", 0, b"2", link=dice.choice((".", "..", "../..", "a", "link/link"))),
            header("p/link/x", 0, dice.choice(kinds), link="p/a"),
            entry("p/link/x", b"through"),
            header(name[:60], 0, dice.choice(kinds), link=target[:60]),
            entry(name[:60], b"x"),
            END,
        )
    )


def _about(dice: Random) -> bytes:
    """A header about the next one."""
    if dice.random() < 0.3:
        return entry("././@LongLink", dice.choice(NAMES) + b"\0", dice.choice((b"L", b"K")))
    names = [item.decode("utf-8", "replace") for item in NAMES]
    values = dice.choice(((*_VALUES, *names), (str(number(dice, 64)),)))
    fields = {dice.choice(_FIELDS): dice.choice(values) for _ in range(dice.choice((1, 1, 2, 4)))}
    found = pax(fields, dice.choice((b"x", b"x", b"g")))
    return havoc(found, dice) if dice.random() < 0.1 else found

"""Zip files taken apart, changed in one place that matters, and put together again."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mutation import NAMES, havoc, number

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

_LOCAL, _CENTRAL = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
# places in the rows of both tables
_L_METHOD, _L_CRC, _L_PACKED, _L_SIZE = 3, 6, 7, 8
_C_METHOD, _C_CRC, _C_PACKED, _C_SIZE, _C_MODE, _C_AT = 4, 7, 8, 9, 15, 16
_BITS = {_LOCAL: (0, *(16,) * 5, *(32,) * 3, *(16,) * 2),
         _CENTRAL: (0, *(16,) * 6, *(32,) * 3, *(16,) * 5, *(32,) * 2)}  # fmt: skip
_LINK = 0o120777 << 16


@dataclass
class _Entry:
    local: list[int]
    central: list[int]
    name: bytes
    table_name: bytes
    extra: bytes
    table_extra: bytes
    packed: bytes
    kept: frozenset[int] = frozenset()  # places of the table's row that stay as they are

    @property
    def content(self) -> bytes | None:
        if self.central[_C_METHOD] != zlib.DEFLATED:
            return self.packed
        try:
            return zlib.decompressobj(-15).decompress(self.packed, 1 << 16)
        except zlib.error:
            return None

    def hold(self, data: bytes) -> None:
        """Other content, of which everything else says the truth."""
        packer = zlib.compressobj(1, zlib.DEFLATED, -15)
        deflated = self.central[_C_METHOD] == zlib.DEFLATED
        self.packed = packer.compress(data) + packer.flush() if deflated else data
        numbers = [zlib.crc32(data), len(self.packed), len(data)]
        self.local[_L_CRC : _L_SIZE + 1] = self.central[_C_CRC : _C_SIZE + 1] = numbers


def mutated(
    data: bytes, dice: Random, content: Callable[[str, bytes, Random], bytes] | None = None
) -> bytes:
    """A zip file with a few changes; `content` may change what the entry of a name holds."""
    try:
        entries, comment = _apart(data)
    except (struct.error, IndexError, ValueError):
        return havoc(data, dice)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        if entries and content is not None and dice.random() < 0.5:
            item = dice.choice(entries)
            item.hold(content(item.name.decode("utf-8", "replace"), item.content or b"", dice))
        elif entries:
            _change(entries, dice)
    end = [len(entries), len(entries), None, None]
    if dice.random() < 0.1:
        end[dice.randrange(4)] = number(dice, 16, len(data))
    before = b"junk" if dice.random() < 0.03 else b""
    return _together(entries, comment, end, before)


def _apart(data: bytes) -> tuple[list[_Entry], bytes]:
    at = data.rindex(b"PK\5\6")
    _, _, _, _, count, size, start, comment = _END.unpack_from(data, at)
    start, entries = max(0, at - size) if start + size != at else start, []
    for _ in range(min(count, 50)):
        row = list(_CENTRAL.unpack_from(data, start))
        if row[0] != b"PK\1\2":
            break
        places = start + _CENTRAL.size
        name, extra = data[places : places + row[10]], data[places + row[10] :][: row[11]]
        start = places + sum(row[10:13])
        local = list(_LOCAL.unpack_from(data, row[_C_AT]))
        inside = row[_C_AT] + _LOCAL.size
        own, own_extra = data[inside : inside + local[9]], data[inside + local[9] :][: local[10]]
        packed = data[inside + local[9] + local[10] :][: row[_C_PACKED]]
        entries.append(_Entry(local, row, own, name, own_extra, extra, packed))
    return entries, data[at + _END.size :][:comment]


def _together(entries: list[_Entry], comment: bytes, end: list[int | None], before: bytes) -> bytes:
    body, table = before, b""
    for item in entries:
        row = item.central
        if _C_AT not in item.kept:
            row[_C_AT] = len(body)
        item.local[9:11] = [len(item.name) & 0xFFFF, len(item.extra) & 0xFFFF]
        row[10:12] = [len(item.table_name) & 0xFFFF, len(item.table_extra) & 0xFFFF]
        body += _LOCAL.pack(*item.local) + item.name + item.extra + item.packed
        table += _CENTRAL.pack(*row[:12], 0, *row[13:]) + item.table_name + item.table_extra
    first, second, size, start = end
    return body + table + _END.pack(
        b"PK\5\6", 0, 0, first, second, len(table) if size is None else size,
        len(body) if start is None else start, len(comment),
    ) + comment  # fmt: skip


def _change(entries: list[_Entry], dice: Random) -> None:
    at = dice.randrange(len(entries))
    item = entries[at]
    match dice.randrange(9):
        case 0:
            _other_number(item, dice)
        case 1 | 2:
            item.name = item.table_name = _name(dice, entries)
        case 3:
            item.table_name = _name(dice, entries)
        case 4:
            item.central[_C_MODE] = dice.choice((_LINK, 0o40755 << 16, 0o10644 << 16, 16))
            item.hold(_name(dice, entries))
        case 5:
            copied = replace(item, local=[*item.local], central=[*item.central])
            entries.insert(dice.randrange(len(entries) + 1), copied)
        case 6:
            del entries[at]
        case 7:
            item.hold(havoc(item.content or b"", dice))
        case _:
            _other_extra(item, dice)


def _name(dice: Random, entries: list[_Entry]) -> bytes:
    return dice.choice(
        (*NAMES, *(item.name for item in entries), dice.choice(entries).name + b"/x")
    )


def _other_number(item: _Entry, dice: Random) -> None:
    """One number, in one table or (method, sizes, flags) in both."""
    if dice.random() < 0.5:
        pairs = ((2, 3), (_L_METHOD, _C_METHOD), (_L_PACKED, _C_PACKED), (_L_SIZE, _C_SIZE))
        first, second = dice.choice(pairs)
        value = number(dice, _BITS[_LOCAL][first], len(item.packed), 8, 12, 14, 1 << 11)
        item.local[first] = item.central[second] = value
    elif dice.random() < 0.5:
        place = dice.randrange(1, 9)
        item.local[place] = number(dice, _BITS[_LOCAL][place], len(item.packed))
    else:
        place = dice.choice((*range(1, 10), *range(13, 17)))
        item.central[place] = number(dice, _BITS[_CENTRAL][place], item.central[place])
        item.kept |= {place}


def _other_extra(item: _Entry, dice: Random) -> None:
    name = _name(dice, [item])
    field = dice.choice(
        (
            struct.pack("<HHBL", 0x7075, 5 + len(name) & 0xFFFF, 1, zlib.crc32(item.name)) + name,
            struct.pack("<HHQQQ", 1, 24, *(number(dice, 64, len(item.packed)) for _ in range(3))),
            struct.pack("<HHQ", 1, 8, number(dice, 64)),
            bytes(dice.randrange(256) for _ in range(dice.randrange(12))),
        )
    )
    if dice.random() < 0.5:
        item.extra = field
    else:
        item.table_extra = field
        if dice.random() < 0.5:
            item.central[dice.choice((_C_PACKED, _C_SIZE, _C_AT))] = 0xFFFFFFFF
            item.kept |= {_C_AT}

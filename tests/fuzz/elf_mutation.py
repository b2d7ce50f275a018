"""ELF files with one of their tables' numbers changed."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from mutation import havoc, number

if TYPE_CHECKING:
    from random import Random

_SYMTAB, _DYNAMIC, _DYNSYM, _STRTAB = 2, 6, 11, 3
_TYPES = (0, 1, 2, 3, 6, 8, 11)


class _Table(NamedTuple):
    """Rows of a layout somewhere in the file."""

    at: int
    count: int
    layout: struct.Struct


def mutated(data: bytes, dice: Random) -> bytes:
    """A file with a few changes."""
    try:
        tables = _tables(data)
    except (struct.error, IndexError):
        return havoc(data, dice)
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        match dice.randrange(10):
            case 0:
                changed = bytearray(havoc(bytes(changed), dice))
            case 1:
                changed[4:6] = dice.choice((b"\1\1", b"\2\1", b"\2\2", b"\1\2", b"\3\1"))
            case 2:
                machine = dice.choice((62, 183, 3, 8, 0xFFFF)).to_bytes(2, "little")
                changed[18:20] = machine
            case _:
                _renumber(changed, dice.choice(tables), dice)
    return bytes(changed[: 1 << 16])


def _tables(data: bytes) -> list[_Table]:
    """The header (several times, as it is the smallest) and every table that it leads to."""
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"

    def layout(of_64: str, of_32: str) -> struct.Struct:
        return struct.Struct(order + (of_64 if wide else of_32))

    head = _Table(16, 1, layout("HHIQQQIHHHHHH", "HHIIIIIHHHHHH"))
    values = head.layout.unpack_from(data, 16)
    sections = _Table(values[5], values[11], layout("IIQQQQIIQQ", "IIIIIIIIII"))
    segments = _Table(values[4], values[9], layout("IIQQQQQQ", "IIIIIIII"))
    found = [head, head, sections, sections, segments, segments]
    rows = [_row(data, sections, number) for number in range(min(sections.count, 200))]
    for row in rows:
        match row[1] if row else 0:
            case 2 | 11:
                found.append(_rows(row, layout("IBBHQQ", "IIIBBH")))
            case 6:
                found += [_rows(row, layout("qQ", "iI"))] * 2
            case 3:
                found.append(_rows(row, struct.Struct("B")))
            case _ if row and row[2] & 4:
                found.append(_rows(row, struct.Struct("<I")))
            case 1 if row:
                found.append(_rows(row, struct.Struct("<I")))  # .eh_frame and its index
    return [table for table in found if table.count]


def _row(data: bytes, table: _Table, place: int) -> tuple[int, ...]:
    at = table.at + place * table.layout.size
    return table.layout.unpack_from(data, at) if at + table.layout.size <= len(data) else ()


def _rows(section: tuple[int, ...], layout: struct.Struct) -> _Table:
    return _Table(section[4], section[5] // layout.size, layout)


def _renumber(data: bytearray, table: _Table, dice: Random) -> None:
    at = table.at + dice.randrange(min(table.count, 1 << 12)) * table.layout.size
    if at + table.layout.size > len(data):
        return
    row = list(table.layout.unpack_from(data, at))
    place = dice.randrange(len(row))
    texts = [text for text in table.layout.format if text.isalpha()]
    bits = 8 * struct.calcsize(texts[place])
    value = number(dice, bits, row[place], *row, len(data), len(data) - row[place], *_TYPES)
    if texts[place].islower() and value >= 1 << (bits - 1):
        value -= 1 << bits
    row[place] = value
    table.layout.pack_into(data, at, *row)

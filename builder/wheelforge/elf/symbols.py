"""The symbols a library wants of others and gives to them, with their versions.

Layouts are those of the System V ABI and, for versions, of Drepper's "ELF Symbol Versioning".
"""

from __future__ import annotations

import struct
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wheelforge.elf.headers import DYNSYM, NOBITS, string

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.elf.headers import Headers, Section

_VERDEF, _VERNEED, _VERSYM = 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF  # types of sections
_GLOBAL, _WEAK, _UNIQUE = 1, 2, 10  # STB_…
_VISIBLE = (0, 3)  # STV_DEFAULT, STV_PROTECTED
_HIDDEN = 0x8000  # the bit of a version that is not the default
_NEED, _NEED_AUX = struct.Struct("HHIII"), struct.Struct("IHHII")
_DEF, _DEF_AUX = struct.Struct("HHHHIII"), struct.Struct("II")
_MOST_NAMES = 16  # bytes of names for each byte of their table
_MOST_VERSIONS, _LONGEST_VERSION = 1 << 16, 255  # a symbol's version is a number of 15 bits


class Version(NamedTuple):
    """A version of a library's interface: GLIBC_2.28 of libc.so.6; it may be there, or has to."""

    library: str
    name: str
    weak: bool


class Wanted(NamedTuple):
    """An undefined symbol; `version` is None where it takes any."""

    name: str
    version: Version | None


class Symbols(NamedTuple):
    """`wanted` are those it does not run without; `versions` those of libraries it asks for.

    `given` are names that others may bind to, `offered` the versions it has itself.
    """

    wanted: tuple[Wanted, ...]
    given: frozenset[bytes]
    versions: tuple[Version, ...]
    offered: frozenset[str]


NO_SYMBOLS = Symbols((), frozenset(), (), frozenset())


def symbols(headers: Headers) -> Symbols:
    """Read .dynsym and its versions; InputError where they are not sound."""
    sections = {item.type: item for item in headers.sections if item.type != NOBITS}
    table = sections.get(DYNSYM)
    if table is None:
        return NO_SYMBOLS
    strings = _strings(headers, table)
    rows = np.frombuffer(_whole(headers.content(table), _layout(headers)), _layout(headers))
    binding = rows["info"] >> 4
    named = rows["name"] != 0
    undefined = named & (rows["section"] == 0) & (binding == _GLOBAL)
    given = (
        named
        & (rows["section"] != 0)
        & np.isin(binding, (_GLOBAL, _WEAK, _UNIQUE))
        & np.isin(rows["other"] & 3, _VISIBLE)
    )
    needed = dict(_needed(headers, sections.get(_VERNEED)))
    numbers = _numbers(headers, sections.get(_VERSYM), len(rows))
    places = rows["name"]
    wanted = zip(_names(headers, strings, places[undefined]), numbers[undefined], strict=True)
    return Symbols(
        wanted=tuple(
            Wanted(name.decode("utf-8", "replace"), needed.get(int(number)))
            for name, number in wanted
        ),
        given=frozenset(_names(headers, strings, np.unique(places[given]))),
        versions=tuple(needed.values()),
        offered=frozenset(_offered(headers, sections.get(_VERDEF))),
    )


def _layout(headers: Headers) -> np.dtype[Any]:
    order = headers.order
    words = [("name", "u4"), ("info", "u1"), ("other", "u1"), ("section", "u2")]
    places = [("value", "u8"), ("size", "u8")]
    if not headers.wide:
        places = [("value", "u4"), ("size", "u4")]
        words = [words[0], *places, *words[1:]]
        places = []
    return np.dtype([(name, order + kind) for name, kind in (*words, *places)])


def _whole(data: bytes, layout: np.dtype[Any]) -> bytes:
    return data[: len(data) // layout.itemsize * layout.itemsize]


def _strings(headers: Headers, table: Section) -> bytes:
    if table.link >= len(headers.sections):
        raise headers.unsound("a symbol table has no names")
    return headers.content(headers.sections[table.link])


def _names(headers: Headers, strings: bytes, places: Any) -> Iterator[bytes]:
    left = (1 << 20) + _MOST_NAMES * len(strings)
    for at in places.tolist():
        end = strings.find(b"\0", at)
        left -= end - at
        if end < 0 or left < 0:
            raise headers.unsound("its symbols' names do not end, or lie over each other")
        yield strings[at:end]


def _numbers(headers: Headers, section: Section | None, count: int) -> Any:
    """The number of each symbol's version; 0 and 1 mean none."""
    found = np.zeros(count, np.uint16)
    if section is not None:
        data = headers.content(section)
        read = np.frombuffer(data[: len(data) // 2 * 2], f"{headers.order}u2")[:count]
        found[: len(read)] = read & ~np.uint16(_HIDDEN)
    return found


def _needed(headers: Headers, section: Section | None) -> Iterator[tuple[int, Version]]:
    """(number, version) of every version of another library that is asked for."""
    if section is None or not section.size:
        return
    chain, strings = _Chain(headers, section), _strings(headers, section)
    for at, row in chain.rows(_NEED, 0, 4):
        library = _short(strings, row[2])
        for _, aux in chain.rows(_NEED_AUX, at + row[3], 4):
            yield aux[2], Version(library, _short(strings, aux[3]), bool(aux[1] & 2))


def _offered(headers: Headers, section: Section | None) -> Iterator[str]:
    if section is None or not section.size:
        return
    chain, strings = _Chain(headers, section), _strings(headers, section)
    for at, row in chain.rows(_DEF, 0, 6):
        for _, aux in islice(
            chain.rows(_DEF_AUX, at + row[5], 1), 1
        ):  # then those it inherits from
            yield _short(strings, aux[0])


def _short(strings: bytes, at: int) -> str:
    return string(strings, at)[:_LONGEST_VERSION]


class _Chain:
    """A section of rows that say how far on the next one is; forward only, and not for ever."""

    def __init__(self, headers: Headers, section: Section) -> None:
        self._headers = headers
        self._data = headers.content(section)
        self._left = _MOST_VERSIONS

    def rows(
        self, layout: struct.Struct, at: int, following: int
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """(place, row) from a place on; `following` is the number of the field."""
        layout = struct.Struct(self._headers.order + layout.format)
        while at <= len(self._data) - layout.size and self._left:
            self._left -= 1
            row = layout.unpack_from(self._data, at)
            yield at, row
            if not row[following]:
                return
            at += row[following]
        raise self._headers.unsound("its versions do not end, or lie outside of their section")

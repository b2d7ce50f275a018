"""Where two ELF files differ: by section, with what such a difference comes from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from wheelforge import elf
from wheelforge.compare import texts
from wheelforge.compare.difference import Detail
from wheelforge.elf.headers import NOBITS
from wheelforge.errors import InputError
from wheelforge.untrusted import named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from wheelforge.elf.headers import Headers, Section

_EXECUTABLE = 4  # a flag of sections
_BLOCK = 1 << 16
_NOTE_HEAD = 16  # bytes before a build id: sizes, type and "GNU"
_LEAST, _MOST = 4, 4096  # bytes of what is taken for a string
MOVED = "what lies before has another size"
_FOLLOWS = "follows from other sections: their sizes, addresses and names"
_WHY = {
    ".note.gnu.build-id": "a digest of what was linked: it follows from the rest",
    ".comment": "another compiler or linker",
    ".gnu_debuglink": "the name and checksum of debug information kept elsewhere",
    ".symtab": "addresses, or names of local symbols",
    **dict.fromkeys((".hash", ".gnu.hash", ".dynsym", ".rela.dyn", ".rela.plt", ".relr.dyn", ".plt",
                     ".got", ".got.plt", ".plt.got", ".plt.sec", ".eh_frame", ".eh_frame_hdr",
                     ".init_array", ".fini_array", ".data.rel.ro", ".data.rel.ro.local",
                     ".gcc_except_table", ".gnu.version", ".gnu.version_r",
                     ".gnu.version_d"), _FOLLOWS),
}  # fmt: skip
_PRINTABLE = re.compile(rb"[ -~\n\t]+")
_EFFECTS = {*_WHY.values(), MOVED} - {_WHY[".comment"]}
_LTO = "link-time optimisation's random names (-frandom-seed)"

_Key: TypeAlias = tuple[str, int]  # the name of a section, and its number among those of that name


def differences(one: Path, other: Path) -> Iterator[Detail]:
    """What differs between two ELF files; InputError where one of them is not sound."""
    with elf.opened(one) as ours, elf.opened(other) as theirs:
        found = [*_heads(ours, theirs), *_dynamic(one, other)]
        found += _sections(ours, theirs, (one, other))
    yield from sorted(found, key=lambda item: item.why in _EFFECTS)  # causes first


def _heads(ours: Headers, theirs: Headers) -> Iterator[Detail]:
    for where in ("machine", "type", "wide", "little"):
        values = getattr(ours, where), getattr(theirs, where)
        if values[0] != values[1]:
            yield Detail(where=f"header: {where}", what=f"{values[0]} and {values[1]}")
    counts = len(ours.segments), len(theirs.segments)
    if counts[0] != counts[1]:
        yield Detail(where="segments", what=f"{counts[0]} and {counts[1]}")


def _dynamic(one: Path, other: Path) -> Iterator[Detail]:
    ours, theirs = elf.read(one), elf.read(other)
    for where in ("soname", "needed", "rpath", "alignment"):
        values = [getattr(side, where) for side in (ours, theirs)]
        if values[0] != values[1]:
            shown = [
                named(", ".join(value) if isinstance(value, tuple) else str(value)) or "nothing"
                for value in values
            ]
            yield Detail(where=f".dynamic: {where}", what=f"{shown[0]} and {shown[1]}")


def _sections(ours: Headers, theirs: Headers, paths: tuple[Path, Path]) -> Iterator[Detail]:
    left, right = _keyed(ours), _keyed(theirs)
    for key in [*left, *(key for key in right if key not in left)]:
        name = named(key[0]) or "section without a name"
        if key not in right or key not in left:
            side, section = ("a", left[key]) if key in left else ("b", right[key])
            yield Detail(where=name, what=f"only in {side}, {section.size} bytes")
        else:
            yield from _section(name, (ours, left[key]), (theirs, right[key]), paths)
    moved = [key[0] for key in left if key in right and left[key].address != right[key].address]
    if moved:
        what = f"{named(moved[0])}{_more(len(moved))} at other addresses"
        yield Detail(where="layout", what=what, why=MOVED)


def _more(count: int) -> str:
    return f" and {count - 1} more sections" if count > 1 else ""


def _keyed(headers: Headers) -> Mapping[_Key, Section]:
    found: dict[_Key, Section] = {}
    seen: dict[str, int] = {}
    for section in headers.sections:
        number = seen[section.name] = seen.get(section.name, 0) + 1
        if section.type:  # the first row is empty
            found[section.name, number] = section
    return found


def _section(
    name: str,
    ours: tuple[Headers, Section],
    theirs: tuple[Headers, Section],
    paths: tuple[Path, Path],
) -> Iterator[Detail]:
    if NOBITS in {ours[1].type, theirs[1].type}:
        if ours[1].size != theirs[1].size:
            yield Detail(where=name, what=f"{ours[1].size} and {theirs[1].size} bytes, all zero")
        return
    one, other = (headers.content(section) for headers, section in (ours, theirs))
    if one == other:
        return
    at = first(one, other)
    sizes = f"{len(one)} bytes" if len(one) == len(other) else f"{len(one)} and {len(other)} bytes"
    what, why = f"{sizes}, the first that differs at {at:#x}", _why(name)
    if name == ".note.gnu.build-id":
        what = f"{one[_NOTE_HEAD:].hex()} and {other[_NOTE_HEAD:].hex()}"
    elif found := _strings(one, other, at):
        what += f": {texts.both(*found)}"
        why = why or texts.reason(*found)
    yield Detail(where=name, what=what, why=why)
    if ours[1].flags & _EXECUTABLE:
        from wheelforge.compare import functions  # numpy takes a while to import

        if (told := functions.differences(*paths, ours[1].name)) is not None:
            yield told


def _why(name: str) -> str:
    return _LTO if name.startswith(".gnu.lto_") else _WHY.get(name, "")


def first(one: bytes, other: bytes) -> int:
    """The offset of the first byte that differs: the end of the shorter where there is none."""
    shorter = min(len(one), len(other))
    for start in range(0, shorter, _BLOCK):
        end = min(start + _BLOCK, shorter)
        if one[start:end] != other[start:end]:
            return next(at for at in range(start, end) if one[at] != other[at])
    return shorter


def _strings(one: bytes, other: bytes, at: int) -> tuple[str, str] | None:
    """The texts that hold a place in both; None where it is in no text."""
    found = _string(one, at), _string(other, at)
    return (found[0], found[1]) if found[0] and found[1] else None


def _string(data: bytes, at: int) -> str:
    start = data.rfind(b"\0", max(0, at - _MOST), at) + 1
    end = data.find(b"\0", at, at + _MOST)
    text = data[start or max(0, at - _MOST) : end if end >= 0 else at + _MOST]
    printable = _PRINTABLE.fullmatch(text) is not None
    return text.decode("ascii") if printable and len(text) >= _LEAST else ""


def is_elf(one: Path, other: Path) -> bool:
    """Whether both files begin as ELF files do."""
    return elf.is_elf(one) and elf.is_elf(other)


def safe(one: Path, other: Path) -> Iterator[Detail]:
    """As `differences`, with one detail where a file is not sound."""
    try:
        yield from list(differences(one, other))
    except InputError as error:
        yield Detail(where="ELF", what=f"one of them is {error.what}")

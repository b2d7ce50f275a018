"""What the loader does with a file: where it looks, how it maps it, what it leaves writable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wheelforge.elf import dynamic
from wheelforge.elf.headers import DYNAMIC, LOAD

if TYPE_CHECKING:
    from wheelforge.elf.headers import Headers, Segment

_INTERP, _STACK, _RELRO = 3, 0x6474E551, 0x6474E552  # types of segments
_EXECUTE, _WRITE = 1, 2  # flags of segments
_FLAG_TEXTREL, _FLAG_NOW, _FLAG_1_NOW = 4, 8, 1
_PROGRAM = 2  # ET_EXEC


@dataclass(frozen=True, kw_only=True)
class Loading:
    """`rpath` is empty where there is a `runpath`: the loader does not look at it then.

    `alignment` is that of the least aligned LOAD segment, 0 where one does not lie as it says.
    `stack`: executable, plain or, where nothing is said, unsaid. `relro`: full, partial or none.
    """

    machine: str
    dynamic: bool
    program: bool
    soname: str
    needed: tuple[str, ...]
    rpath: tuple[str, ...]
    runpath: tuple[str, ...]
    alignment: int
    stack: str
    relro: str
    text_relocations: bool
    writable_code: bool


def loading(headers: Headers) -> Loading:
    """Read the program headers and the dynamic segment; InputError where they are not sound."""
    numbers, texts = dynamic.tags(headers)
    kinds = {item.type: item for item in headers.segments}
    loads = [item for item in headers.segments if item.type == LOAD]
    flags = numbers.get(dynamic.FLAGS, 0)
    now = (
        dynamic.BIND_NOW in numbers
        or flags & _FLAG_NOW
        or numbers.get(dynamic.FLAGS_1, 0) & _FLAG_1_NOW
    )
    runpath = texts.get(dynamic.RUNPATH)
    return Loading(
        machine=headers.machine,
        dynamic=DYNAMIC in kinds,
        program=_INTERP in kinds or headers.type == _PROGRAM,
        soname="".join(texts.get(dynamic.SONAME, ())[-1:]),
        needed=tuple(texts.get(dynamic.NEEDED, ())),
        rpath=() if runpath else _entries(texts.get(dynamic.RPATH)),
        runpath=_entries(runpath),
        alignment=min((_alignment(item) for item in loads), default=0),
        stack=_stack(kinds.get(_STACK)),
        relro=("full" if now else "partial") if _RELRO in kinds else "none",
        text_relocations=dynamic.TEXTREL in numbers or bool(flags & _FLAG_TEXTREL),
        writable_code=any(item.flags & _WRITE and item.flags & _EXECUTE for item in loads),
    )


def _entries(texts: list[str] | None) -> tuple[str, ...]:
    return tuple(entry for text in texts or () for entry in text.split(":"))


def _stack(segment: Segment | None) -> str:
    if segment is None:
        return "unsaid"
    return "executable" if segment.flags & _EXECUTE else "plain"


def _alignment(segment: Segment) -> int:
    stated = segment.alignment
    return 0 if stated and (segment.address - segment.offset) % stated else stated

"""An ELF file of a wheel, as the rules want to know it."""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import basename, dirname, normpath
from typing import TYPE_CHECKING

from wheelforge import elf
from wheelforge.audit.traces import traces
from wheelforge.elf.headers import NOBITS, SYMTAB
from wheelforge.elf.loading import loading
from wheelforge.elf.symbols import symbols

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from wheelforge.elf.headers import Headers
    from wheelforge.elf.loading import Loading
    from wheelforge.elf.symbols import Symbols

_SCHEMES = ("purelib", "platlib")
_COMPRESSED = 0x800  # SHF_COMPRESSED


@dataclass(frozen=True, kw_only=True)
class Object:
    """`path` is its place in the wheel, `place` where installers put it, from site-packages on.

    `debug` are the bytes of its debugging sections; `traces` paths of the machine that built it.
    """

    path: str
    place: str
    loading: Loading
    symbols: Symbols
    sections: bool
    symtab: bool
    debug: int
    traces: tuple[str, ...]

    @property
    def name(self) -> str:
        """The file's name."""
        return basename(self.path)

    @property
    def folder(self) -> str:
        """What $ORIGIN is."""
        return dirname(self.place) or "."


def read_object(file: Path, path: str, homes: Sequence[str]) -> Object:
    """Read a file that is called `path` in its wheel; InputError where it is not sound."""
    with elf.opened(file) as headers:
        sections = headers.sections
    return Object(
        path=path,
        place=installed(path),
        loading=loading(headers),
        symbols=symbols(headers),
        sections=bool(sections),
        symtab=any(item.type == SYMTAB for item in sections),
        debug=sum(item.size for item in sections if _is_debug(item.name) and item.type != NOBITS),
        traces=tuple(dict.fromkeys(_traces(headers, homes))),
    )


def installed(path: str) -> str:
    """Where installers put a file of a wheel; what goes beside site-packages stays where it is."""
    top, _, rest = path.partition("/")
    scheme, _, inner = rest.partition("/")
    return normpath(inner if top.endswith(".data") and scheme in _SCHEMES else path)


def _is_debug(name: str) -> bool:
    return name.startswith((".debug", ".zdebug"))


def _traces(headers: Headers, homes: Sequence[str]) -> Iterator[str]:
    for item in headers.sections:
        wanted = item.name.startswith(".rodata") or item.name in {".debug_str", ".debug_line_str"}
        if wanted and item.type != NOBITS and not item.flags & _COMPRESSED:
            headers.claim(item.offset, item.size)
            yield from traces(headers.data, homes, item.offset, item.offset + item.size)

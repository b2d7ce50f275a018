"""How two zip files differ beside what is in them: order, times, modes, compression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.compare.difference import Detail
from wheelforge.untrusted import named

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Callable, Iterator, Sequence

    Look = Callable[[zipfile.ZipInfo], object]

_METHODS = {0: "stored", 8: "deflated", 12: "bzip2", 14: "lzma", 93: "zstd"}


def _time(item: zipfile.ZipInfo) -> str:
    year, month, day, *clock = item.date_time
    return f"{year}-{month:02}-{day:02} " + ":".join(f"{part:02}" for part in clock)


def _method(item: zipfile.ZipInfo) -> str:
    return _METHODS.get(item.compress_type, f"method {item.compress_type}")


# what is looked at, how it is shown, what it comes from
_LOOKS: tuple[tuple[str, Look, str], ...] = (
    ("times", _time, "SOURCE_DATE_EPOCH was not set, or not heeded"),
    ("modes", lambda item: oct(item.external_attr >> 16), "the umask, or another tool"),
    ("attributes", lambda item: hex(item.external_attr & 0xFFFF), "another tool"),
    ("compression", _method, "another tool"),
    ("systems", lambda item: item.create_system, "another tool or system"),
    ("versions", lambda item: (item.create_version, item.extract_version), "another tool"),
    ("flags", lambda item: hex(item.flag_bits), "another tool"),
    ("extra fields", lambda item: item.extra.hex() or "none", "another tool, or owners and times"),
    ("comments", lambda item: item.comment.hex() or "none", "another tool"),
)


def differences(a: zipfile.ZipFile, b: zipfile.ZipFile, same: frozenset[str]) -> Iterator[Detail]:
    """Headers of entries that both have; `same` are those whose contents are the same."""
    ours, theirs = ({item.filename: item for item in file.infolist()} for file in (a, b))
    both = [name for name in ours if name in theirs]
    yield from _order(both, [name for name in theirs if name in ours])
    yield from _folders(ours.keys() ^ theirs.keys(), ours)
    for where, look, why in _LOOKS:
        pairs = [(name, look(ours[name]), look(theirs[name])) for name in both]
        if found := [pair for pair in pairs if pair[1] != pair[2]]:
            yield Detail(where=where, what=_counted(found), why=why)
    sizes = [(name, ours[name], theirs[name]) for name in both if name in same]
    packed = [
        (name, one.compress_size, other.compress_size)
        for name, one, other in sizes
        if one.compress_type == other.compress_type and one.compress_size != other.compress_size
    ]
    if packed:
        why = "another compressor or level: the contents are the same"
        yield Detail(where="compressed sizes", what=_counted(packed), why=why)
    if a.comment != b.comment:
        yield Detail(where="archive comment", what=f"{a.comment.hex()} and {b.comment.hex()}")


def _order(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Detail]:
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True), 1):
        if one != other:
            what = f"entry {number} of those both have is {named(one)} and {named(other)}"
            yield Detail(where="order", what=what, why="the order of a folder's listing")
            return


def _folders(names: set[str], ours: dict[str, zipfile.ZipInfo]) -> Iterator[Detail]:
    if found := sorted(name for name in names if name.endswith("/")):
        side = "a" if found[0] in ours else "b"
        what = f"{len(found)} are entries of their own on one side: {named(found[0])} in {side}"
        yield Detail(where="folders", what=what, why="another tool")


def _counted(found: Sequence[tuple[str, object, object]]) -> str:
    name, one, other = found[0]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{named(name)}{more}: {one} and {other}"

"""Where two static libraries differ: by member, with the dates and owners that `ar` keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wheelforge.compare.difference import Detail
from wheelforge.compare.elves import first
from wheelforge.untrusted import named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC = b"!<arch>\n"
_HEADER = 60  # bytes before each member: name, date, owner, group, mode, size
_FIELDS = {"date": (16, 28), "owner": (28, 34), "group": (34, 40), "mode": (40, 48)}
_NOT_D = "ar without D (deterministic)"
_MOST = 1 << 16  # members


class Member(NamedTuple):
    """A member: its place among those of its name, the fields of its header, its bytes."""

    name: str
    fields: dict[str, bytes]
    data: bytes


def is_archive(one: Path, other: Path) -> bool:
    """Whether both files begin as archives of `ar` do."""
    heads = []
    for path in (one, other):
        with path.open("rb") as file:
            heads.append(file.read(len(_MAGIC)))
    return heads == [_MAGIC, _MAGIC]


def differences(one: bytes, other: bytes) -> Iterator[Detail]:
    """What differs between two static libraries; nothing where they are not told apart by that."""
    ours, theirs = list(_members(one)), list(_members(other))
    names = [[item.name for item in side] for side in (ours, theirs)]
    left, right = ({item.name: item for item in side} for side in (ours, theirs))
    for name in names[0]:
        if name not in right:
            yield Detail(where=named(name), what=f"only in a, {len(left[name].data)} bytes")
    for name in names[1]:
        if name not in left:
            yield Detail(where=named(name), what=f"only in b, {len(right[name].data)} bytes")
    both = [name for name in names[0] if name in right]
    if both != [name for name in names[1] if name in left]:
        yield Detail(where="order", what="the members in another order", why="parallel make")
    yield from _contents(both, left, right)
    for field in _FIELDS:
        found = [name for name in both if left[name].fields[field] != right[name].fields[field]]
        if found:
            sides = (left[found[0]].fields[field], right[found[0]].fields[field])
            shown = " and ".join(named(side.decode("latin-1").strip()) for side in sides)
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            yield Detail(where=field, what=f"{named(found[0])}{more}: {shown}", why=_NOT_D)


def _contents(
    both: list[str], left: dict[str, Member], right: dict[str, Member]
) -> Iterator[Detail]:
    for name in both:
        ours, theirs = left[name].data, right[name].data
        if ours != theirs:
            sizes = f"{len(ours)} and {len(theirs)} bytes"
            what = f"{sizes}, the first that differs at {first(ours, theirs):#x}"
            yield Detail(where=named(name), what=what)


def _members(data: bytes) -> Iterator[Member]:
    """As far as headers make sense; members that share a name are numbered."""
    at, long_names = len(_MAGIC), b""
    seen: dict[str, int] = {}
    for _ in range(_MOST):
        head = data[at : at + _HEADER]
        size = head[48:58].strip()
        if len(head) < _HEADER or head[58:] != b"`\n" or not size.isdigit():
            return
        content = data[at + _HEADER : at + _HEADER + int(size)]
        at += _HEADER + int(size) + int(size) % 2
        name = head[:16].rstrip()
        if name == b"//":
            long_names = content
            continue
        text = _name(name, long_names)
        seen[text] = seen.get(text, 0) + 1
        key = text if seen[text] == 1 else f"{text} ({seen[text]})"
        yield Member(key, {field: head[slice(*span)] for field, span in _FIELDS.items()}, content)


def _name(name: bytes, long_names: bytes) -> str:
    if name[:1] == b"/" and name[1:].isdigit():
        start = int(name[1:])
        name = long_names[start : start + 4096].partition(b"\n")[0]
    elif name in {b"/", b"/SYM64/"}:
        return "index of symbols"
    return name.removesuffix(b"/").decode("latin-1")

"""Which functions of two ELF files differ, by their symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wheelforge.compare.difference import Detail
from wheelforge.errors import InputError
from wheelforge.isa.image import Image
from wheelforge.untrusted import named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_NAMED = 12


class _Function(NamedTuple):
    size: int
    code: bytes


def differences(one: Path, other: Path, section: str) -> Detail | None:
    """The functions of an executable section that differ; None where no symbols tell them."""
    try:
        ours, theirs = _functions(one, section), _functions(other, section)
    except (InputError, ValueError):  # of a file whose other sections can be compared still
        return None
    if not ours or not theirs:
        return None
    both = [name for name in ours if name in theirs]
    sizes = [name for name in both if ours[name].size != theirs[name].size]
    codes = [
        name
        for name in both
        if ours[name].size == theirs[name].size and ours[name].code != theirs[name].code
    ]
    groups = (
        ("of another size", sizes),
        ("of the same size with other code", codes),
        ("only in a", [name for name in ours if name not in theirs]),
        ("only in b", [name for name in theirs if name not in ours]),
    )
    told = [f"{_listed(names)} {text}" for text, names in groups if names]
    if not told:
        what = "none that has a name: what differs has none, or lies at another address"
        return Detail(where=f"{section} functions", what=what)
    why = ""
    if codes and not sizes and ours.keys() == theirs.keys():
        why = "addresses inside of code, where data before or after them has another size"
    return Detail(where=f"{section} functions", what="; ".join(told), why=why)


def _functions(path: Path, section: str) -> Mapping[str, _Function]:
    """By name; those that share one, as local functions do, are numbered."""
    image = Image(path)
    if not image.decodable:
        return {}
    code = next((item for item in image.code() if item.name == section), None)
    if code is None:
        return {}
    found: dict[str, _Function] = {}
    seen: dict[str, int] = {}
    table = image.symbols
    data = code.data.tobytes()
    for number, (start, end) in enumerate(
        zip(table.starts.tolist(), table.ends.tolist(), strict=True)
    ):
        at, stop = start - code.address, end - code.address
        if not 0 <= at < stop <= len(data):
            continue
        name = table.names[number]
        seen[name] = seen.get(name, 0) + 1
        key = name if seen[name] == 1 else f"{name} ({seen[name]})"
        found[key] = _Function(stop - at, data[at:stop])
    return found


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(named(name) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return shown + more

"""Reads a series of patches as quilt and Debian's source packages keep it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from wheelforge.errors import InputError, nearest
from wheelforge.untrusted import contents, named
from wheelforge.untrusted.limits import PATCH_BYTES

_STRIP = re.compile(r"-p([0-9]{1,2})")


class Entry(NamedTuple):
    """One patch of a series: its file, and how many leading folders its names lose."""

    file: Path
    strip: int


def series(patches: Path, without: Collection[str] = ()) -> list[Entry]:
    """The patches in the order of the file `series` in the folder `patches`, without some.

    A line is a name below `patches` and perhaps `-pN`; # begins a comment (quilt(1), deb-src(5)).
    InputError where a patch is missing or `without` names one that is not there.
    """
    where = str(patches / "series")
    try:
        text = contents(patches / "series", PATCH_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        what = f"cannot be read: {getattr(error, 'strerror', error)}"
        raise InputError(what, where=where, remedy="the source package has no patches") from error
    lines = [line.split("#", 1)[0].split() for line in text.splitlines()]
    listed = {line[0]: line[1:] for line in lines if line}
    if unknown := [name for name in without if name not in listed]:
        raise InputError(
            f"there is no patch '{unknown[0]}' to leave out",
            where=where,
            remedy=f"correct source.patches.without; {nearest(unknown[0], listed)}",
        )
    kept = {name: words for name, words in listed.items() if name not in without}
    return list(_entries(patches, kept, where))


def _entries(patches: Path, listed: dict[str, list[str]], where: str) -> Iterator[Entry]:
    for name, words in listed.items():
        file, strip = patches / name, _STRIP.fullmatch(" ".join(words) or "-p1")
        if strip is None:
            what = f"'{named(' '.join(words))}' after {named(name)} is not understood"
            remedy = "leave that patch out (without), and add it to the recipe's own"
            raise InputError(what, where=where, remedy=remedy)
        if not _is_inside(file, patches):
            remedy = "take another release of the source package"
            what = f"it names {named(name)}, which is not there"
            raise InputError(what, where=where, remedy=remedy)
        yield Entry(file, int(strip[1]))


def _is_inside(file: Path, folder: Path) -> bool:
    try:
        return file.is_file() and file.resolve().is_relative_to(folder.resolve())
    except OSError:  # a name of hundreds of characters, links in a circle
        return False

"""What a comparison comes to, as data."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["only in a", "only in b", "differs"]


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that differs in a file or in how it was packed.

    `where` is a section, a field, a line; `what` a sentence on both sides; `why` what such a
    difference comes from, where that is known.
    """

    where: str
    what: str
    why: str = ""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is not the same on both sides; sizes and digests are of a and b, or None."""

    name: str
    kind: Kind
    sizes: tuple[int | None, int | None]
    sha256: tuple[str | None, str | None]
    details: tuple[Detail, ...] = ()


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared: its path, its size in bytes and digest where it is one file."""

    path: str
    size: int | None = None
    sha256: str | None = None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two wheels, folders or files. `packing` is how zip files differ beside their contents.

    `files` is how many were the same; `notes` are differences that do not count.
    """

    a: Side
    b: Side
    equal: bool
    files: int
    differences: tuple[Difference, ...]
    packing: tuple[Detail, ...] = ()
    notes: tuple[str, ...] = ()

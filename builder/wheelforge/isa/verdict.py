"""What a library's code needs, held against what a processor has."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec

from wheelforge.errors import InputError
from wheelforge.isa.confirm import confirmed, instruction, outline_atomic
from wheelforge.isa.decode import decodable, uses
from wheelforge.isa.hwcaps import lacking
from wheelforge.isa.permit import COMPILER

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from wheelforge.isa.image import Image
    from wheelforge.isa.permit import Permit
    from wheelforge.isa.use import Use


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A function with instructions of an extension.

    `symbol` is its name for people, or `library+0x1f00` where no table has one; `instruction` is
    the first of the `count`, at `address`.
    """

    symbol: str
    mangled: str
    address: str
    instruction: str
    count: int


class Extent(msgspec.Struct, frozen=True, kw_only=True):
    """An extension in a library.

    `functions` have `instructions` of it; `dispatched` of them are behind a choice at run time, as
    the recipes in `by` say. Where the processor lacks the extension the rest is `outside` of it, or
    `doubtful` (perhaps data); all of them are named.
    """

    extension: str
    instructions: int
    functions: int
    dispatched: int
    by: tuple[str, ...]
    outside: tuple[Place, ...] = ()
    doubtful: tuple[Place, ...] = ()


class Isa(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a library's instruction sets; `code` is in bytes."""

    code: int
    extensions: tuple[Extent, ...]


def examine(
    image: Image, name: str, permits: Sequence[Permit], features: Collection[str] | None
) -> Isa:
    """Decode all of a library's code and judge each function; without features judge nothing.

    InputError where its tables lead nowhere.
    """
    try:
        return _examined(image, name, permits, features)
    except (ValueError, IndexError, OverflowError) as error:
        raise InputError(
            f"not a sound ELF file: {error}", where=name, remedy="copy or build it again"
        ) from error


def _examined(
    image: Image, name: str, permits: Sequence[Permit], features: Collection[str] | None
) -> Isa:
    by_extension: dict[str, list[Use]] = defaultdict(list)
    for use in uses(image):
        by_extension[use.extension].append(use)
    judged = _Judge(image, name, permits, features)
    return Isa(
        code=sum(len(code.data) for code in image.code()) if decodable(image) else 0,
        extensions=tuple(judged.extent(*item) for item in sorted(by_extension.items())),
    )


class _Judge:
    def __init__(
        self, image: Image, name: str, permits: Sequence[Permit], features: Collection[str] | None
    ) -> None:
        self._image = image
        self._name = name
        self._permits = permits
        self._features = features

    def extent(self, extension: str, found: list[Use]) -> Extent:
        permitting = [self._permitting(use) for use in found]
        rest = [use for use, name in zip(found, permitting, strict=True) if not name]
        lacks = self._features is not None and lacking(extension, self._features)
        sure = [confirmed(self._image, use) for use in rest] if lacks else []
        judged = list(zip(rest, sure, strict=False))
        return Extent(
            extension=extension,
            instructions=sum(use.count for use in found),
            functions=len(found),
            dispatched=len(found) - len(rest),
            by=tuple(dict.fromkeys(filter(None, permitting))),
            outside=tuple(self._place(use) for use, certain in judged if certain),
            doubtful=tuple(self._place(use) for use, certain in judged if not certain),
        )

    def _permitting(self, use: Use) -> str:
        """Who says that a use is behind a choice at run time; empty where nobody does."""
        name = next((permit.name for permit in self._permits if permit.covers(use)), "")
        return name or (COMPILER.name if outline_atomic(self._image, use) else "")

    def _place(self, use: Use) -> Place:
        first = use.places[0]
        return Place(
            symbol=use.name or f"{self._name}+{use.start:#x}",
            mangled=use.symbol,
            address=f"{first:#x}",
            instruction=instruction(self._image, first),
            count=use.count,
        )


NAMED = 5  # functions that a message names; the report has all of them


def listed(places: Sequence[Place]) -> str:
    """The first few, as `symbol (instruction)`."""
    shown = [f"{place.symbol} ({place.instruction})" for place in places[:NAMED]]
    more = len(places) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")

"""Uses of extensions in AArch64 code: every aligned word of every executable section."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wheelforge.isa import aarch64
from wheelforge.isa.use import Evidence, Use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.isa.image import Code, Image

    Array = np.ndarray[Any, np.dtype[Any]]

_SHOWN = 8  # addresses kept of each use
_WORD = np.uint64(4)
_NEAR = np.uint64(128)  # bytes: code outside of every known function comes in company


def uses(image: Image) -> Iterator[Use]:
    """Every use in a file, in order of function and extension."""
    for code in image.code():
        places, codes = _hits(code)
        if image.marks is not None:
            is_code = image.marks.at(places) < 0
            places, codes = places[is_code], codes[is_code]
        named, framed = image.symbols.at(places), image.frames.at(places)
        functions = np.where(named >= 0, named, framed + len(image.symbols.starts))
        outside = (named < 0) & (framed < 0)
        yield from _within(image, functions[~outside], places[~outside], codes[~outside])
        mapped = image.marks is not None
        yield from _outside(places[outside], codes[outside], mapped=mapped)


def _hits(code: Code) -> tuple[Array, Array]:
    """Addresses and codes of what is of an extension."""
    lead = -code.address % 4
    usable = (len(code.data) - lead) // 4 * 4
    if usable <= 0:
        return np.zeros(0, np.uint64), np.zeros(0, np.uint8)
    codes = aarch64.classify(np.frombuffer(code.data, "<u4", usable // 4, lead))
    (found,) = np.nonzero(codes)
    return found.astype(np.uint64) * _WORD + np.uint64(code.address + lead), codes[found]


def _within(image: Image, functions: Array, places: Array, codes: Array) -> Iterator[Use]:
    """One use for each function and extension; functions without names come after the others."""
    for chosen in _groups(functions.astype(np.int64) * 256 + codes):
        number, code = int(functions[chosen[0]]), int(codes[chosen[0]])
        unnamed = number - len(image.symbols.starts)
        table = image.symbols if unnamed < 0 else image.frames
        index = number if unnamed < 0 else unnamed
        yield Use(
            extension=aarch64.extensions()[code],
            symbol=table.names[index],
            file=table.files[index],
            start=int(table.starts[index]),
            count=len(chosen),
            places=tuple(places[chosen[:_SHOWN]].tolist()),
            evidence="function" if image.marks is None else "mapped",
        )


def _groups(keys: Array) -> list[Array]:
    """The places of equal keys, each group in ascending order."""
    if not len(keys):
        return []
    order = np.argsort(keys, kind="stable")
    (edges,) = np.nonzero(np.diff(keys[order]))
    return np.split(order, edges + 1)


def _outside(places: Array, codes: Array, *, mapped: bool) -> Iterator[Use]:
    """What lies in no function: a crowd is code that no table knows, a lone word may be data."""
    for code in np.unique(codes).tolist():
        here = places[codes == code]
        before = np.searchsorted(here, here - np.minimum(here, _NEAR))
        crowd = np.searchsorted(here, here + _NEAR, side="right") - before >= 3  # noqa: PLR2004
        kinds: tuple[tuple[Array, Evidence], ...] = (
            (here[crowd], "mapped" if mapped else "crowd"),
            (here[~crowd], "mapped" if mapped else "alone"),
        )
        for chosen, evidence in kinds:
            if len(chosen):
                yield Use(
                    extension=aarch64.extensions()[code],
                    symbol="",
                    start=int(chosen[0]),
                    count=len(chosen),
                    places=tuple(chosen[:_SHOWN].tolist()),
                    evidence=evidence,
                )

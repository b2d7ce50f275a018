"""Small tables on standard output."""

from __future__ import annotations

from collections.abc import Sequence


def row(widths: Sequence[int], *cells: object) -> None:
    """Print one line; a negative width stands a column to the left, as in `%-10s`."""
    texts = [
        f"{cell!s:<{-width}}" if width < 0 else f"{cell!s:>{width}}"
        for width, cell in zip(widths, cells, strict=False)
    ]
    print("  ".join(texts).rstrip(), flush=True)


def ratio(one: float, other: float) -> str:
    """`one` as a multiple of `other`; a dash where there is nothing to compare with."""
    return f"{one / other:.2f}" if other else "-"

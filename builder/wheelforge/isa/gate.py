"""Whether the libraries of a folder run on a processor: the `isa` part of every check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.isa.image import Image
from wheelforge.isa.permit import COMPILER, Permit
from wheelforge.isa.verdict import examine, listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from wheelforge.isa.verdict import Isa


def outside(
    paths: Iterable[Path],
    machine: str,
    features: Collection[str],
    dispatch: Mapping[str, tuple[str, ...]],
) -> Iterator[tuple[Path, str]]:
    """(file, what it needs) for every extension in it that a processor with `features` lacks.

    `dispatch` is what the recipe allows. Programs for another machine than `machine` are tools of
    the build and passed over. InputError where one of the ELF files is damaged.
    """
    permits = (COMPILER, Permit("recipe", dispatch))
    for path in paths:
        image = Image(path)
        if image.machine != machine:
            continue
        found: Isa = examine(image, path.name, permits, features)
        for extent in found.extensions:
            if extent.outside:
                functions = f"{len(extent.outside)} functions: {listed(extent.outside)}"
                yield path, f"needs {extent.extension}, which the target lacks, in {functions}"

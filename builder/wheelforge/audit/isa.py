"""Instruction sets: what is wrong with a library's code for a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.audit.rules import found
from wheelforge.isa import features
from wheelforge.isa.verdict import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.audit.findings import Finding
    from wheelforge.isa.image import Image
    from wheelforge.isa.verdict import Isa
    from wheelforge.target import Target


def faults(seen: Isa, name: str, image: Image, target: Target) -> Iterator[Finding]:
    """What is wrong with a library's instruction sets for a target."""
    if image.machine != target.machine:
        what = f"is for {image.machine}, and {target.name} is a {target.machine}"
        yield found("isa.machine", what, name)
        return
    for extent in seen.extensions:
        if extent.outside:
            lacks = " or ".join(features(extent.extension))
            what = (
                f"{len(extent.outside)} functions need {extent.extension}, and {target.name} has "
                f"no {lacks}: {listed(extent.outside)}"
            )
            yield found("isa.outside", what, name)
        if extent.doubtful:
            what = (
                f"{len(extent.doubtful)} places look like {extent.extension}: "
                f"{listed(extent.doubtful)}"
            )
            yield found("isa.doubtful", what, name)

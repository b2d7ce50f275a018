"""Instruction sets: what is wrong with a library's code for a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.audit.findings import Finding
from wheelforge.isa import features
from wheelforge.isa.verdict import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.isa.image import Image
    from wheelforge.isa.verdict import Isa
    from wheelforge.target import Target


def faults(found: Isa, name: str, image: Image, target: Target) -> Iterator[Finding]:
    """What is wrong with a library's instruction sets for a target."""
    if image.machine != target.machine:
        yield Finding(
            level="error",
            check="isa.machine",
            what=f"is for {image.machine}, and {target.name} is a {target.machine}",
            where=name,
            mend="name the target it was built for with --target",
        )
        return
    for extent in found.extensions:
        if extent.outside:
            lacks = " or ".join(features(extent.extension))
            yield Finding(
                level="error",
                check="isa.outside",
                what=f"{len(extent.outside)} functions need {extent.extension}: "
                + listed(extent.outside),
                where=name,
                why=f"{target.name} has no {lacks}: there they end with SIGILL",
                mend="build it for this target, or name the functions in [audit] dispatch of its "
                "recipe if they are chosen at run time",
            )
        if extent.doubtful:
            yield Finding(
                level="warning",
                check="isa.doubtful",
                what=f"{len(extent.doubtful)} places look like {extent.extension} but may be "
                f"data: {listed(extent.doubtful)}",
                where=name,
                why="nothing in the file says whether they are code",
                mend="look at them in a disassembler, or audit the library before it is stripped",
            )

"""Decoding by machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wheelforge.isa.image import Image
    from wheelforge.isa.use import Use

_MACHINES = ("aarch64", "x86_64")


def decodable(image: Image) -> bool:
    """True for the machines that are known here: AArch64 and x86-64, little-endian."""
    return image.decodable and image.machine in _MACHINES


def uses(image: Image) -> tuple[Use, ...]:
    """Every extension in every function of a file; empty for machines that are not decoded."""
    if not decodable(image):
        return ()
    if image.machine == "aarch64":
        from wheelforge.isa import fixed

        return tuple(fixed.uses(image))
    from wheelforge.isa import x86

    return tuple(x86.uses(image))

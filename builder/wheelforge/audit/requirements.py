"""What a wheel requires, as its METADATA says."""

from __future__ import annotations

from email.parser import HeaderParser
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.audit.contents import Contents


def fields(wheel: Contents, file: str, name: str) -> tuple[str, ...]:
    """The values of a field of METADATA or WHEEL."""
    text = wheel.text(file)
    headers = HeaderParser().parsestr(text or "")
    return tuple(
        str(value).strip() for key, value in headers.items() if key.lower() == name.lower()
    )


def required(wheel: Contents) -> Iterator[Requirement]:
    """Requirements that hold without an extra; those that cannot be read are METADATA's fault."""
    for text in fields(wheel, "METADATA", "Requires-Dist"):
        try:
            requirement = Requirement(text)
        except ValueError:
            continue
        if requirement.marker is None or "extra" not in str(requirement.marker):
            yield requirement

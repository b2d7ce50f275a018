"""What a value of a recipe may look like, and the table that values stand in."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

# A description also ends the message about a value that does not fit: "write …". Patterns end so
# because in Python a line end may follow "$".
Digest = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{64}$(?!\n)", description="a SHA-256 in 64 lower-case hexadecimal digits"
    ),
]
Commit = Annotated[
    str,
    Meta(
        pattern=r"^[0-9a-f]{40}$(?!\n)", description="a commit in 40 lower-case hexadecimal digits"
    ),
]
Variable = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$(?!\n)", description="the name of an environment variable"
    ),
]
Amount = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,15}(\.[0-9]{1,15})? ?([KMGT]i?)?B?$(?!\n)",
        description='an amount of memory, as "0.5 GiB"',
    ),
]
# what other programs are called with, and what becomes the name of a file or folder
Program = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}$(?!\n)", description="a program's name"),
]
Project = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?)?$(?!\n)",
        description="a project's name, as the package index has it",
    ),
]
SourcePackage = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9+.-]{0,99}$(?!\n)", description="a Debian source package's name"
    ),
]
Release = Annotated[
    str,
    Meta(pattern=r"^[0-9][A-Za-z0-9.+:~-]{0,99}$(?!\n)", description="a Debian version"),
]
Count = Annotated[int, Meta(ge=0, le=1 << 30, description="a whole number, 0 or more")]
Levels = Annotated[int, Meta(ge=0, le=99, description="how many leading folders to drop, 0 to 99")]
Minutes = Annotated[float, Meta(gt=0, le=1e6, description="minutes, more than 0")]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a recipe: unknown keys are errors."""

"""How option values are written on command lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wheelforge.recipe import Option


def number(value: Option) -> str:
    """SCons' and make's way: booleans are 1 and 0, lists are joined by commas."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return ",".join(value) if isinstance(value, list) else str(value)


def switch(value: Option) -> str:
    """CMake's way: booleans are ON and OFF, lists are joined by semicolons."""
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return ";".join(value) if isinstance(value, list) else str(value)

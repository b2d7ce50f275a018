"""Foreign text for people: nothing in it steers a terminal, hides, or passes for a line of ours."""

from __future__ import annotations

import re

_LONGEST = 300
_PAINT = re.compile(r"\x1b\[[0-9;:]*[mK]")  # colours, and "erase to the end of the line"
_UNUSUAL = re.compile(r"[^\n\t -~]")


def printable(text: str) -> str:
    """`text` without colours, and with the code (u001b) of each other character nobody can see.

    Those are control characters, such as turn the direction of writing or take no room, and bytes
    that were no UTF-8. Ends of lines and tabulators stay. JSON means the same afterwards.
    """
    if "\x1b" in text:
        text = _PAINT.sub("", text)
    return _UNUSUAL.sub(_seen, text)


def named(text: str) -> str:
    """A foreign name inside of a message: one line of at most 300 characters."""
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]} … {text[-half:]}"
    return printable(text).replace("\n", "\\u000a").replace("\t", "\\u0009")


def _seen(match: re.Match[str]) -> str:
    character = match[0]
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))

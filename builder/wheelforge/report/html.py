"""Markup from values: whatever is not markup already is escaped, so that no text can become any."""

from __future__ import annotations

import html
import re

import msgspec

_VOID = frozenset({"meta", "br"})
# what no HTML parser takes as it stands, and what turns the direction of the text after it
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def escaped(text: object) -> Markup:
    """Any value as text of a page."""
    if isinstance(text, Markup):
        return text
    return Markup(html.escape(_CONTROL.sub("\ufffd", str(text))))


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """One element. An attribute that is None or False is left out, `cls` is `class`, `_` is `-`."""
    words = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        attribute = "class" if key == "cls" else key.replace("_", "-")
        words.append(attribute if value is True else f'{attribute}="{escaped(value)}"')
    opened = f"<{' '.join(words)}>"
    if name in _VOID:
        return Markup(opened)
    return Markup(f"{opened}{joined(*children)}</{name}>")


def joined(*parts: object) -> Markup:
    """Several pieces after one another."""
    return Markup("".join(escaped(part) for part in parts))


def data(value: object) -> Markup:
    """JSON that can stand in a script element: nothing in it ends the element or opens another."""
    text = msgspec.json.encode(value).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)

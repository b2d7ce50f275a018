"""Changes that any format may be put through, and what they are made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

NUMBERS = (
    0, 1, 2, 3, 4, 7, 8, 16, 0x7F, 0x80, 0xFF, 0x200, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF,
    0x80000000, 0xFFFFFFFF, 1 << 32, 1 << 40, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1,
)  # fmt: skip
NAMES = (
    b"", b".", b"..", b"/", b"../out", b"a/../../out", b"/out", b"//out", b"p/../out", b"p/./a",
    b"p//a", b"p/a", b"p/b", b"p", b"p/", b"p\\a", b"C:\\a", b"p/a\0b", b"p/\n", b"p/\x1b[2J",
    b"p/\xff\xfe", "p/\u202e".encode(), b"p/" + b"x" * 300, b"p/" + b"x/" * 3000, b"-rf", b"~",
    b"p/link", b"p/link/x", b"../here/src", b"/dev/null", b"/proc/self/cwd/x", b"CON", b"p/a ",
)  # fmt: skip
_TOKEN = re.compile(rb"[A-Za-z0-9_]+|\s+|.", re.DOTALL)
_MOST = 1 << 16


def number(dice: Random, bits: int, *near: int) -> int:
    """An unsigned number that is likely to be one too many or too few."""
    found = dice.choice((*NUMBERS, *near, *near, dice.getrandbits(bits)))
    return (found + dice.choice((0, 0, 0, 1, -1))) & ((1 << bits) - 1)


def havoc(data: bytes, dice: Random) -> bytes:
    """A few bytes changed, put in, taken out, or copied from elsewhere in the data."""
    changed = bytearray(data or b"\0")
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        at = dice.randrange(len(changed) + 1)
        size = min(dice.choice((1, 1, 2, 4, 8, 32, 512)), len(changed))
        match dice.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                wide = dice.choice((2, 4, 8))
                order = dice.choice(("little", "big"))
                changed[at : at + wide] = number(dice, 8 * wide, len(data)).to_bytes(wide, order)
            case 2:
                del changed[at : at + size]
            case 3:
                start = dice.randrange(len(changed) - size + 1)
                changed[at:at] = changed[start : start + size]
            case 4:
                start = dice.randrange(len(changed) - size + 1)
                changed[at : at + size] = changed[start : start + size]
            case _:
                changed[at:at] = dice.choice(NAMES[:20])
    return bytes(changed[:_MOST])


def lines_changed(data: bytes, dice: Random, words: Sequence[bytes]) -> bytes:
    """A text with lines and tokens moved, repeated, left out, or replaced by one of `words`."""
    lines = data.split(b"\n")
    for _ in range(dice.choice((1, 1, 2, 3))):
        at = dice.randrange(len(lines))
        match dice.randrange(7):
            case 0 if len(lines) > 1:
                del lines[at]
            case 1:
                lines.insert(dice.randrange(len(lines) + 1), lines[at])
            case 2:
                other = dice.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case 3:
                lines.insert(at, dice.choice(words))
            case 4:
                lines[at] = lines[at] * dice.choice((2, 3, 50))
            case _:
                lines[at] = token_changed(lines[at], dice, words)
    return b"\n".join(lines)[:_MOST]


def token_changed(line: bytes, dice: Random, words: Sequence[bytes]) -> bytes:
    """A line with one of its words replaced, repeated or left out."""
    tokens = _TOKEN.findall(line) or [b""]
    at = dice.randrange(len(tokens))
    tokens[at] = dice.choice(
        (b"", tokens[at] * 2, tokens[at] * 400, dice.choice(tokens), dice.choice(words),
         dice.choice(words), b"%d" % number(dice, 64))
    )  # fmt: skip
    return b"".join(tokens)

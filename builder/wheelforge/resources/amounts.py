"""Amounts of memory and time, as people write and read them."""

from __future__ import annotations

import re

from wheelforge.errors import InputError

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_AMOUNT = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([KMGT]?)(?:i?B)?\s*", re.IGNORECASE)


def parse_bytes(text: str, where: str) -> int:
    """`"0.4 GiB"`, `"512M"` or `"1073741824"` in bytes (units are powers of 1024)."""
    match = _AMOUNT.fullmatch(text)
    if not match:
        raise InputError(
            f"'{text}' is not an amount of memory", where=where, remedy='write it as "2 GiB"'
        )
    return int(float(match[1]) * _UNITS[match[2].upper()])


def format_bytes(amount: int) -> str:
    """An amount for people: `"3.2 GiB"`."""
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if amount >= size:
            return f"{amount / size:.1f} {unit}"
    return f"{amount} B"


def format_seconds(seconds: float) -> str:
    """A duration for people: `"0.4s"`, `"3m07s"`, `"2h05m"`."""
    if seconds < 59.95:  # noqa: PLR2004 - above it would be 60.0s
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"  # noqa: PLR2004

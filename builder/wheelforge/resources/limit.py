"""A limit in force, and where it comes from."""

from __future__ import annotations

from typing import NamedTuple


class Limit(NamedTuple):
    """A limit in force: where it comes from, and what it allows (processors, or bytes)."""

    source: str
    amount: int

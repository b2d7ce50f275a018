"""Decodes JSON of a known shape."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")


def decoded(data: bytes, kind: type[T]) -> T:
    """A value of `kind`; msgspec.DecodeError for all that is none, however deep it is nested."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (RecursionError, UnicodeDecodeError) as error:  # msgspec's own do not cover these
        raise msgspec.DecodeError(str(error)) from error

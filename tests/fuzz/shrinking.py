"""Smaller inputs that do the same, and few that together do all of it."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from wheelforge.errors import ForgeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType
    from typing import Any

_CODE = str(Path(sys.modules[ForgeError.__module__].__file__ or "").parent)


def fault(check: Callable[[bytes], None], data: bytes) -> BaseException | None:
    """What `check` raises."""
    try:
        check(data)
    except Exception as error:  # noqa: BLE001 - whatever it is
        return error
    return None


def place(error: BaseException) -> str:
    """What tells one finding from another: the exception, and the last lines of ours before it."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [item for item in frames if item.filename.startswith(_CODE)]
    last = [f"{Path(item.filename).name}:{item.name}:{item.lineno}" for item in ours[-2:]]
    return " ".join([type(error).__name__, *last])


def shrunk(data: bytes, still: Callable[[bytes], bool], tries: int = 400) -> bytes:
    """`data` without what it does not need for `still` to hold."""
    size = len(data) // 2
    while size and tries > 0:
        at = 0
        while at < len(data) and tries > 0:
            shorter = data[:at] + data[at + size :]
            tries -= 1
            if still(shorter):
                data = shorter
            else:
                at += size
        size //= 2
    return data


def arcs(check: Callable[[bytes], None], data: bytes) -> frozenset[tuple[str, int, int]]:
    """From which line of wheelforge to which the execution goes."""
    found = set()
    last: dict[int, int] = {}

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if not frame.f_code.co_filename.startswith(_CODE):
            return None
        line, key = frame.f_lineno, id(frame)
        before = last.get(key, 0) if event != "call" else 0
        found.add((frame.f_code.co_filename, before, line))
        last[key] = line
        return trace

    sys.settrace(trace)
    try:
        fault(check, data)
    finally:
        sys.settrace(None)
    return frozenset(found)


def essential(check: Callable[[bytes], None], inputs: Iterable[bytes], most: int) -> list[bytes]:
    """The inputs, smallest first, each of which goes where no smaller one went; `most` bytes."""
    kept, known, left = [], set[tuple[str, int, int]](), most
    for data in sorted(set(inputs), key=lambda item: (len(item), item)):
        new = arcs(check, data) - known
        if new and len(data) <= left:
            kept.append(data)
            known |= new
            left -= len(data)
    return kept

"""Small pieces of what the command line says."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from wheelforge.events import Status

ENDED = {Status.BUILT: "built", Status.CACHED: "cached", Status.FAILED: "FAILED",
         Status.SKIPPED: "skipped", Status.INTERRUPTED: "stopped"}  # fmt: skip


def fraction(done: int, total: int) -> str:
    """`"12/57"`, or `"12"` where the total is not known."""
    return f"{done}/{total}" if total else str(done)


def duration(seconds: float) -> str:
    """`"0.4s"`, `"3m07s"`, `"2h05m"`."""
    if seconds < 59.95:  # noqa: PLR2004 - above it would be 60.0s
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"  # noqa: PLR2004


def say(text: str) -> None:
    """Print a line to standard output at once."""
    _print(text, sys.stdout)


def complain(text: str) -> None:
    """Print a line to standard error."""
    _print(text, sys.stderr)


def _print(text: str, stream: TextIO) -> None:
    """What runs for hours goes on when its terminal closes, its pager ends or its log is full."""
    try:
        print(text, file=stream, flush=True)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)

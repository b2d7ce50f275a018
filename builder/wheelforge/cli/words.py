"""Small pieces of what the command line says."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from wheelforge.events import Load, MemoryPressure, Status
from wheelforge.resources import format_bytes
from wheelforge.untrusted import printable

ENDED = {Status.BUILT: "built", Status.CACHED: "cached", Status.FAILED: "FAILED",
         Status.SKIPPED: "skipped", Status.INTERRUPTED: "stopped"}  # fmt: skip


def fraction(done: int, total: int) -> str:
    """`"12/57"`, or `"12"` where the total is not known."""
    return f"{done}/{total}" if total else str(done)


def pressure(event: MemoryPressure) -> str:
    """What was done for want of memory, in a line."""
    return (
        f"{event.step}: memory is short ({format_bytes(event.left)} left): {event.action} "
        f"{event.source or 'a link'} with {format_bytes(event.held)}"
    )


def load(event: Load) -> str:
    """Memory and jobs now: `"memory 3.1 GiB of 4.0 GiB, 2 compiling, 1 frozen"`."""
    frozen = f", {event.frozen} frozen" if event.frozen else ""
    return (
        f"memory {format_bytes(event.used)} of {format_bytes(event.limit)}, "
        f"{event.busy} jobs{frozen}"
    )


def say(text: str) -> None:
    """Print a line to standard output at once; where nobody can read it, nothing happens."""
    _print(text, sys.stdout)


def complain(text: str) -> None:
    """Print a line to standard error."""
    _print(text, sys.stderr)


def echo(text: str | bytes, *, end: str = "\n", verbatim: bool = False) -> None:
    """Print an answer; BrokenPipeError where the reader, a pager perhaps, has seen enough.

    What is `verbatim` is for another program: only a terminal gets it made harmless.
    """
    text = text.decode() if isinstance(text, bytes) else text
    raw = verbatim and not sys.stdout.isatty()
    print(text if raw else printable(text), end=end, flush=True)  # noqa: T201


def _print(text: str, stream: TextIO) -> None:
    """What runs for hours goes on when its terminal closes, its pager ends or its log is full."""
    try:
        print(printable(text), file=stream, flush=True)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)

"""The command line: one verb per file; only this floor knows typer and rich.

A verb's module is imported only when it is called, so that `wheelforge --version` and a build in
which nothing is to do stay quick.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import suppress

from wheelforge import __version__
from wheelforge.errors import EXIT_BUG, EXIT_INTERRUPTED, ForgeError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code (see errors.py). The one place where errors are printed."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in (["--version"], ["-V"]):
        print(f"wheelforge {__version__}")  # noqa: T201
        return 0
    _heed_signals()
    try:
        return _run(words)
    except ForgeError as error:
        _complain(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        _complain("stopped")
        return EXIT_INTERRUPTED
    except Exception:  # noqa: BLE001 - whatever is not a ForgeError is a bug of ours
        _complain(f"{traceback.format_exc()}\nThis is a bug in wheelforge {__version__}.")
        return EXIT_BUG


def _heed_signals() -> None:
    """Stop as after Ctrl-C also when the batch system ends the job or the terminal closes."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_DFL:
                signal.signal(number, stop)


def _run(words: Sequence[str]) -> int:
    from wheelforge.cli.app import invoke

    try:
        return invoke(words)
    except BrokenPipeError:  # the reader, a pager perhaps, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _complain(text: str) -> None:
    from wheelforge.cli.words import complain

    with suppress(OSError):
        sys.stdout.flush()
    complain(text)

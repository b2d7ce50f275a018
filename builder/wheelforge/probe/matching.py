"""Matches the regular expressions that recipes and toolchains give, and gives up in time."""

from __future__ import annotations

import signal
import sys

from wheelforge import process
from wheelforge.errors import InputError

_SECONDS, _BYTES = 5, 1 << 30  # of processor time and memory
_WAIT = 600.0  # on a machine whose processors are busy
_ASK = f"""
import re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({_SECONDS}, {_SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, ({_BYTES}, {_BYTES}))
found = re.search(sys.argv[1], sys.stdin.buffer.read().decode("utf-8", "replace"), re.MULTILINE)
sys.stdout.buffer.write((found[1] or "").encode() if found else b"")
"""


def first_group(pattern: str, text: str, where: str) -> str:
    """What the first group matches somewhere in `text`; empty where nothing does.

    A pattern with repetitions inside of repetitions may never end: it is tried by a program that
    the kernel ends. InputError, naming `where`, when it was.
    """
    argv = [sys.executable, "-I", "-S", "-c", _ASK, pattern]
    try:
        return process.capture(argv, timeout=_WAIT, text=text)
    except process.ProgramError as error:
        ended = error.code in {-signal.SIGXCPU, -signal.SIGKILL}
        if not ended and "MemoryError" not in error.output:
            raise
        raise InputError(
            f"the regular expression '{pattern}' finds no end",
            where=where,
            remedy="write one without a repetition inside of a repetition",
        ) from error

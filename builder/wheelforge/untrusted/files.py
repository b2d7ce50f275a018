"""Reads whole files whose size is not ours to decide."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from wheelforge.errors import InputError
from wheelforge.untrusted.limits import most

if TYPE_CHECKING:
    from pathlib import Path

    from wheelforge.untrusted.limits import Limit


def contents(path: Path, limit: Limit) -> bytes:
    """The bytes of a regular file, or of the one a link leads to; OSError where it cannot be read.

    InputError where it is larger than `limit`, and for pipes and devices: they may never end.
    """
    with open(path, "rb", opener=_opened) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            what, remedy = "is not a regular file", "put one there; pipes and devices are not read"
            raise InputError(what, where=str(path), remedy=remedy)
        data = file.read(most(limit) + 1)
    if len(data) > most(limit):
        raise limit.exceeded("is", where=str(path))
    return data


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # opening a pipe would wait for its other end

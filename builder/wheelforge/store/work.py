"""Work folders: where a step is built, and who is in one now.

`work/<start of the key>` is kept when its step fails, so that the next run goes on from there. Who
works in it holds the lock of that name; who cannot lock (some network file systems) has a folder
of a private name instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wheelforge import atomic

if TYPE_CHECKING:
    from filelock import FileLock

_KEY_DIGITS = 20


def work_name(key: str) -> str:
    """The name of a key's work folder."""
    return key[:_KEY_DIGITS]


def work_lock(home: Path, name: str) -> FileLock:
    """The lock of the work folder called `name`; not acquired yet."""
    from filelock import FileLock

    folder = home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / name)


def in_use(home: Path, folder: Path) -> bool:
    """Whether somebody works in a work folder now, as far as this machine can tell."""
    from filelock import Timeout

    if (gone := atomic.abandoned(folder.name)) is not None:
        return not gone
    lock = work_lock(home, folder.name)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except (NotImplementedError, OSError):
        return False
    lock.release()
    return False

"""Looks at a folder's file system, and tries on it what builds will do."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from wheelforge.doctor.machine import Place


def place(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> Place:
    """A folder, or where it would be made; nothing is left behind."""
    path = path.absolute()
    folder = next(item for item in (path, *path.parents) if item.is_dir())
    room = os.statvfs(folder)
    found = Place(
        path=shown(path),
        kind=_kind(folder.resolve(), mounts),
        device=folder.stat().st_dev,
        free=room.f_bavail * room.f_frsize,
        inodes=room.f_favail if room.f_files else None,
        executable=not room.f_flag & os.ST_NOEXEC,
    )
    try:
        trial = Path(tempfile.mkdtemp(prefix=".wheelforge-doctor-", dir=folder))
    except OSError:
        return found
    try:
        return replace(found, writable=True, locks=_locks(trial), skew=_skew(trial))
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def shown(path: Path) -> str:
    """A path for people: `~/…` below the user's home."""
    with suppress(ValueError, RuntimeError):
        return str(Path("~", path.relative_to(Path.home())))
    return str(path)


def _kind(folder: Path, mounts: Path) -> str:
    """The type of the file system that holds `folder`: the deepest mount point above it."""
    best, kind = -1, ""
    with suppress(OSError):
        for line in mounts.read_text(errors="replace").splitlines():
            before, _, after = line.partition(" - ")
            fields, rest = before.split(), after.split()
            if len(fields) < 5 or not rest:  # noqa: PLR2004 - the fifth is the mount point
                continue
            point = Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4]))
            if folder.is_relative_to(point) and len(point.parts) >= best:
                best, kind = len(point.parts), rest[0]
    return kind


def _locks(folder: Path) -> bool:
    """Whether a lock keeps a second one out; some shared file systems only pretend."""
    file = folder / "lock"
    with file.open("wb") as one, file.open("wb") as two:
        try:
            fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        with suppress(OSError):
            fcntl.flock(two, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
    return True


def _skew(folder: Path) -> float:
    before = time.time()
    file = folder / "time"
    file.touch()
    changed = file.stat().st_mtime
    after = time.time()
    return changed - min(max(changed, before), after)

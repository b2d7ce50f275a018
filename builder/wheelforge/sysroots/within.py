"""Paths as the system inside a folder means them: / is the folder, also for symbolic links."""

from __future__ import annotations

import os
from pathlib import Path

_MOST_LINKS = 40  # as the kernel's own limit


def resolved(root: Path, name: str) -> Path:
    """Where `name` leads inside `root`, every link followed; it need not exist.

    Absolute links begin at `root`, and .. stops there, as after chroot. OSError in a circle.
    """
    ahead = _parts(name)[::-1]
    here: list[str] = []
    links = 0
    while ahead:
        part = ahead.pop()
        if part == "..":
            here = here[:-1]
            continue
        path = root.joinpath(*here, part)
        if not path.is_symlink():
            here.append(part)
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(f"{path}: a circle of symbolic links")
        target = os.fspath(path.readlink())
        if target.startswith("/"):
            here = []
        ahead += _parts(target)[::-1]
    return root.joinpath(*here)


def relative(root: Path, path: Path) -> str:
    """The name of `path` below `root`."""
    return path.relative_to(root).as_posix()


def _parts(name: str) -> list[str]:
    return [part for part in name.split("/") if part not in {"", "."}]

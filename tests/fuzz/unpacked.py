"""What has to hold of an archive that was unpacked, or refused half-way."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from guard import Harm, guarded

from wheelforge import archive

if TYPE_CHECKING:
    from pathlib import Path


def check(data: bytes) -> None:
    """Files, folders and links that stay inside are all there is afterwards, and only inside."""
    for strip in (1, 0):
        with guarded({"src": data, "beside/file": b"before"}, "out") as folder:
            try:
                archive.unpack(folder / "src", folder / "out", strip=strip)
            finally:
                _vet(folder, data)


def _vet(folder: Path, data: bytes) -> None:
    if {path.name for path in folder.iterdir()} - {"out"} != {"src", "beside"}:
        raise Harm(f"beside the destination is {sorted(folder.iterdir())}")
    if (folder / "src").read_bytes() != data or (folder / "beside/file").read_bytes() != b"before":
        raise Harm("a file beside the destination has changed")
    root = os.path.realpath(folder / "out")
    for base, folders, files in os.walk(root):
        for path in (f"{base}/{name}" for name in (*folders, *files)):
            info = os.lstat(path)
            if stat.S_ISLNK(info.st_mode):
                real = os.path.realpath(path)
                if real != root and not real.startswith(f"{root}/"):
                    raise Harm(f"{path!r} leads to {real!r}")
            elif not stat.S_ISDIR(info.st_mode):
                _plain(path, info)


def _plain(path: str, info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode) or info.st_nlink != 1:
        raise Harm(f"{path!r} is no file of its own: {info}")
    if stat.S_IMODE(info.st_mode) & ~0o755:
        raise Harm(f"{path!r} has mode {info.st_mode:o}")

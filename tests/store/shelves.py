"""Small stores and manifests."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from wheelforge.store import Entry, Manifest, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "0123456789abcdef" * 4


def manifest(
    key: str = KEY,
    name: str = "demo",
    *,
    inputs: Mapping[str, str] | None = None,
    needs: Mapping[str, str] | None = None,
    created: float = 0.0,
) -> Manifest:
    """A manifest before it is published."""
    return Manifest(
        key=key,
        name=name,
        version="1.0",
        step=f"build:{name}",
        inputs=dict(inputs or {}),
        needs=dict(needs or {}),
        files=(),
        output="",
        created=created,
        seconds=1.0,
    )


def tree(folder: Path, text: str = "text") -> Path:
    """A result: a file, a program, a link, a cache folder, an empty folder."""
    (folder / "bin").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "lib" / "__pycache__").mkdir(parents=True)
    (folder / "lib" / "libdemo.so.1").write_text(text)
    (folder / "lib" / "libdemo.so").symlink_to("libdemo.so.1")
    (folder / "lib" / "__pycache__" / "x.pyc").write_text("compiled")
    (folder / "bin" / "demo").write_text("#!/bin/sh\n")
    (folder / "bin" / "demo").chmod(0o755)
    return folder


def published(store: Store, scratch: Path, key: str = KEY) -> Entry:
    """An entry with the files of `tree`."""
    return store.publish(tree(scratch / f"tree-{key[:8]}"), manifest(key))


def age(path: Path, days: float) -> None:
    """Make a folder, and what is directly in it, look `days` old."""
    moment = time.time() - days * 86_400
    for item in (*path.glob("*"), path):
        os.utime(item, (moment, moment), follow_symlinks=False)

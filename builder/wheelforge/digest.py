"""SHA-256 of bytes, files, trees and values; digests of unchanged files are remembered by stat."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

IGNORED = frozenset({".git", "__pycache__", ".hg", ".svn"})
# A file changed again within one tick of the file system's clock shows the same times: what was
# that young when it was read is remembered by this process only (git calls it racily clean).
YOUNG_NS = 2_000_000_000


def of_bytes(data: bytes) -> str:
    """SHA-256 as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def of_value(value: object) -> str:
    """SHA-256 of the canonical JSON of `value`: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return of_bytes(text.encode("utf-8", "surrogateescape"))  # names of files may be no UTF-8


def of_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def walk(root: Path, ignored: frozenset[str] = frozenset()) -> Iterator[tuple[str, os.stat_result]]:
    """Every file and link below `root` as (relative POSIX path, lstat), in sorted order.

    Folders called as in `ignored` are passed over.
    """

    def below(folder: str, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
        for entry in sorted(os.scandir(folder), key=lambda item: item.name):
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in ignored:
                    yield from below(entry.path, name + "/")
            else:
                yield name, entry.stat(follow_symlinks=False)

    return below(str(root), "")


def of_member(path: Path, info: os.stat_result, forget: Mapping[bytes, bytes] | None = None) -> str:
    """One file's or link's part in a tree digest; `forget` replaces byte strings before hashing."""
    if stat.S_ISLNK(info.st_mode):
        data = os.fsencode(path.readlink())
        kind = "link"
    elif not stat.S_ISREG(info.st_mode):
        raise InputError("is neither a file nor a folder nor a link", where=str(path))
    elif forget:
        data = path.read_bytes()
        for old, new in forget.items():
            data = data.replace(old, new)
        kind = "x" if info.st_mode & 0o100 else "f"
    else:
        return f"{'x' if info.st_mode & 0o100 else 'f'}:{of_file(path)}"
    return f"{kind}:{of_bytes(data)}"


def of_tree(root: Path) -> str:
    """SHA-256 over every file's path, executable bit and content; times and owners do not count.

    Version control folders and `__pycache__` are passed over.
    """
    return of_value([[name, of_member(root / name, info)] for name, info in walk(root, IGNORED)])


def of_path(path: Path) -> str:
    """SHA-256 of a folder's tree, or of a file's bytes."""
    return of_tree(path) if path.is_dir() else of_file(path)


class Memo:
    """Digests of files, remembered under (path, size, mtime, ctime, inode) in one JSON file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, Any] = {}
        self._young: set[str] = set()
        self._changed = False
        with suppress(OSError, ValueError):
            known = json.loads(file.read_text())
            self._known = known if isinstance(known, dict) else {}

    def of_file(self, path: Path) -> str:
        """SHA-256 of the file `path` leads to."""
        now = time.time_ns()
        info = path.stat()
        signature = [info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino]
        remembered = self._known.get(str(path))
        if isinstance(remembered, list) and remembered[:-1] == signature:
            return str(remembered[-1])
        found = of_file(path)
        self.put(str(path), [*signature, found])
        if now - max(info.st_mtime_ns, info.st_ctime_ns) < YOUNG_NS:
            self._young.add(str(path))
        return found

    def get(self, name: str) -> Any:
        """A value put under `name` earlier, or None."""
        return self._known.get(name)

    def put(self, name: str, value: object) -> None:
        """Remember `value` under `name`."""
        self._known[name] = value
        self._young.discard(name)
        self._changed = True

    def save(self) -> None:
        """Write what was learned; losing it costs time and nothing else, so failures are silent."""
        if not self._changed:
            return
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part = self._file.with_name(f".{self._file.name}.{os.getpid()}")
            old = {name: value for name, value in self._known.items() if name not in self._young}
            part.write_text(json.dumps(old))
            part.replace(self._file)

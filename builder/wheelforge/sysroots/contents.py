"""What a sysroot found on disk is known by: the content of what compilers and linkers read.

Counted are everything below the include folders, and below the library folders what is linked,
loaded or asked for flags (libraries, objects, pkg-config and CMake files, Python's build values).
Programs, data and Python modules do not count. The content is read once; later only paths, sizes,
times and inode numbers are compared, so a file that is changed with all of these kept is not seen.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from wheelforge import digest
from wheelforge.digest import Memo
from wheelforge.sysroots import within

_HEADERS = ("usr/include", "usr/local/include", "include")
_LIBRARIES = ("usr/lib", "usr/lib64", "lib", "lib64", "usr/local/lib", "usr/local/lib64")
_COUNTED = (".a", ".o", ".pc", ".cmake", ".h", ".hpp", ".mod", ".spec", ".specs")
_IGNORED = frozenset(
    {"__pycache__", "modules", "firmware", "debug", "locale", "systemd", "dist-packages",
     "site-packages"}
)  # fmt: skip


def identity(root: Path, machine: str, memo: Memo) -> str:
    """A digest that changes with the headers and libraries in `root`, wherever that folder lies.

    Reading all of a large system takes seconds; `memo` makes it tenths afterwards.
    """
    now = time.time_ns()
    members = list(_members(root))
    seen = digest.of_value([[name, *_signature(info)] for name, info in members])
    label = f"sysroot {root}"
    known = memo.get(label)
    if isinstance(known, list) and known[:-1] == [machine, seen]:
        return str(known[-1])
    parts = [[name, digest.of_member(root / name, info)] for name, info in members]
    found = digest.of_value([machine, parts])
    newest = max((max(info.st_mtime_ns, info.st_ctime_ns) for _, info in members), default=0)
    if now - newest >= digest.YOUNG_NS:
        memo.put(label, [machine, seen, found])
        memo.save()
    return found


def _signature(info: os.stat_result) -> Sequence[int]:
    return info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino, info.st_mode


def _members(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every file and link that counts, each folder once though links lead to it as well.

    What this user may not read is passed over: its compilers may not either.
    """
    places = [(name, True) for name in _HEADERS] + [(name, False) for name in _LIBRARIES]
    seen: set[str] = set()
    for place, everything in places:
        name = within.relative(root, within.resolved(root, place))
        if name in seen:
            continue
        seen.add(name)
        for folder, inner, files in os.walk(root / name):
            links = [item for item in inner if os.path.islink(f"{folder}/{item}")]  # noqa: PTH114
            inner[:] = sorted(item for item in inner if item not in _IGNORED)
            for item in sorted((*links, *files)):
                path = f"{folder}/{item}"
                if (everything or _counts(item)) and _readable(path):
                    yield os.path.relpath(path, root), os.lstat(path)


def _readable(path: str) -> bool:
    """Whether it is a link, or a file that may be read. Plain words: there are many thousands."""
    mode = os.lstat(path).st_mode
    return stat.S_ISLNK(mode) or (stat.S_ISREG(mode) and os.access(path, os.R_OK))


def _counts(name: str) -> bool:
    return ".so" in name or name.endswith(_COUNTED) or name.startswith("_sysconfigdata")

"""An entry of an archive, whatever kind of archive that is, and what its name may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, NamedTuple


class Member(NamedTuple):
    """`kind` is file, dir, symlink, hardlink, or what it is instead; `target` is a link's.

    `size` is what its header says, in bytes, `mtime` in seconds since 1970. `open` gives a file's
    content, in the order of the archive only.
    """

    name: str
    kind: str
    executable: bool
    size: int
    mtime: int
    target: str
    open: Callable[[], IO[bytes] | None]


def name_fault(name: str) -> str:
    """Why an entry may not be called so; empty where it may.

    Backslashes are separators elsewhere; control characters are for breaking other programs.
    """
    if name.startswith("/") or "\\" in name:
        return "has an absolute or malformed name"
    if any(character < " " or "\x7f" <= character <= "\x9f" for character in name):
        return "has control characters in its name"
    return "leads outside the archive ('..')" if ".." in name.split("/") else ""

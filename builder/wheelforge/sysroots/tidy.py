"""Makes unpacked packages a sysroot: no link leads out of it, and nothing hides the host's own.

An emulator looks for each absolute path in the sysroot first, so what a running system has for
itself (/tmp, /dev, /var, /etc/resolv.conf) must not be there.
"""

from __future__ import annotations

import os
from pathlib import Path

from wheelforge import atomic

_KEPT = frozenset({"usr", "etc", "bin", "sbin", "lib", "lib64"})
_KEPT_IN_ETC = ("python3", "ld.so.conf")  # a link in Python's library leads to the first
_UNREAD = ("doc", "man", "info", "lintian", "locale", "bug", "doc-base", "bash-completion")


def tidy(root: Path) -> None:
    """Remove what is for running and for reading, relink, and let libstdc++ be linked with."""
    for path in list(root.iterdir()):
        if path.name not in _KEPT:
            remove(path)
    for path in list((root / "etc").glob("*")):
        if not path.name.startswith(_KEPT_IN_ETC):
            remove(path)
    for name in _UNREAD:
        remove(root / "usr/share" / name)
    if (root / "lib64").is_symlink() and not any((root / "usr/lib64").iterdir()):
        (root / "lib64").unlink()
        (root / "usr/lib64").rmdir()
    relink(root)
    offer_runtime(root)


def offer_runtime(root: Path) -> None:
    """Let a cross compiler find the sysroot's libstdc++ beside the C library, before its own.

    An older compiler's own lacks what the sysroot's libraries need of theirs (libprotobuf:
    GLIBCXX_3.4.32), and the linker refuses every program that is linked with one of these.
    """
    for library in (root / "usr/lib").glob("**/libstdc++.so.6"):
        link = library.with_name("libstdc++.so")
        if not link.is_symlink() and not link.exists():
            link.symlink_to(library.name)


def relink(root: Path) -> None:
    """Make every absolute link in `root` relative: outside of it, it would lead to the host's."""
    for folder, inner, files in os.walk(root):
        for name in (*inner, *files):
            path = Path(folder, name)
            if path.is_symlink() and (target := os.fspath(path.readlink())).startswith("/"):
                path.unlink()
                path.symlink_to(os.path.relpath(root / target.lstrip("/"), folder))


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, whatever is there."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        atomic.remove_tree(path)

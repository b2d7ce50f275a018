"""Keeps compilers inside a sysroot: what of another system do they look at by themselves?"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wheelforge import process
from wheelforge.errors import InputError
from wheelforge.probe.memory import remember, remembered
from wheelforge.toolchain import SYSROOT, Compilers

if TYPE_CHECKING:
    from wheelforge.digest import Memo
    from wheelforge.sysroot import Sysroot

_LANGUAGES = {"cc": "c", "cxx": "c++"}
_C_LIBRARY = "features.h"  # every header of glibc includes it
_STARTUP = "crt1.o"  # beside it is the C library to link with


def inside(found: Compilers, sysroot: Sysroot, memo: Memo) -> Compilers:
    """The compilers with the words that keep them in `sysroot`; its C library is theirs then.

    --sysroot is enough for a compiler that was made for sysroots. Debian's cross compilers bring a
    C library of their own, whose headers and libraries they find before any sysroot's: they are
    told all folders of headers one by one, that one left out, and where to look for libraries
    before their own (gcc(1): -nostdinc, -idirafter, -B).
    """
    name = f"within:{sysroot.path}:{sysroot.identity}:{found.commands['cxx']}"
    known = remembered(name, Path(found.paths["cc"]), memo)
    if known is None:
        known = _words(found, sysroot)
        remember(name, Path(found.paths["cc"]), known, memo)
    return msgspec.structs.replace(found, sysroot=sysroot, libc=sysroot.libc, within=known)


def _words(found: Compilers, sysroot: Sysroot) -> dict[str, str]:
    headers = {role: list(_headers(found, role, sysroot)) for role in _LANGUAGES}
    own = any(_is_foreign(folder, sysroot) for folders in headers.values() for folder in folders)
    words = {role: [f"--sysroot={SYSROOT}"] for role in ("cc", "cxx", "fc")}
    if own:
        for role, folders in headers.items():
            kept = [folder for folder in folders if not _is_foreign(folder, sysroot)]
            shown = (folder.replace(sysroot.path, SYSROOT) for folder in kept)
            words[role] += ["-nostdinc", *(f"-idirafter{folder}" for folder in shown)]
        for one in words.values():
            one += [f"-B{SYSROOT}/{folder}" for folder in _linked(sysroot)]
    return {role: " ".join(one) for role, one in words.items()}


def _linked(sysroot: Sysroot) -> list[str]:
    root = Path(sysroot.path)
    return [folder for folder in sysroot.folders if (root / folder / _STARTUP).is_file()]


def _is_foreign(folder: str, sysroot: Sysroot) -> bool:
    """Whether the headers of another C library are there."""
    return not folder.startswith(f"{sysroot.path}/") and Path(folder, _C_LIBRARY).is_file()


def _headers(found: Compilers, role: str, sysroot: Sysroot) -> Iterator[str]:
    """The folders in which a compiler looks for <…>, in order."""
    command = shlex.split(found.commands[role])
    argv = [*command, f"--sysroot={sysroot.path}", "-E", "-v", "-x", _LANGUAGES[role], os.devnull]
    text = process.capture(argv, env={**os.environ, **found.env, "LC_ALL": "C"}, merge=True)
    _, begin, rest = text.partition("#include <...> search starts here:\n")
    listed, end, _ = rest.partition("\nEnd of search list.")
    if not begin or not end:
        raise InputError(
            f"{found.paths[role]} does not say where it looks for headers (-v)",
            where=f"toolchain {found.toolchain}: {role}",
            remedy="use GCC or Clang, or a compiler that has its own sysroot built in",
        )
    for line in listed.splitlines():
        yield os.path.normpath(line.strip())

"""Finds a sysroot: one that was created, by its name, or any system in a folder, by its path."""

from __future__ import annotations

import os
from pathlib import Path

from wheelforge import catalog
from wheelforge.digest import Memo
from wheelforge.errors import InputError, nearest
from wheelforge.sysroot import Sysroot
from wheelforge.sysroots import contents, discover, kept

_CREATE = "wheelforge sysroot create"
_EXAMPLE = f"{_CREATE} trixie-arm64"


def find(name: str, home: Path, machine: str = "") -> Sysroot:
    """The sysroot called `name`, or the one in the folder `name`; for `machine` if that is given.

    A name has no slash in it. InputError where there is none, or one of another machine.
    """
    found = _named(name, home) if _is_name(name) else _in_folder(name, home, machine)
    if machine and found.machine != machine:
        raise _other_machine(name, (found.machine,), machine)
    return found


def _is_name(text: str) -> bool:
    return "/" not in text and text not in {"", ".", "..", "~"}


def _named(name: str, home: Path) -> Sysroot:
    folder = kept.place(home, name)
    if (made := kept.read(folder)) is not None:
        return made.sysroot
    if (fault := kept.damaged(folder)) is not None:
        raise fault
    if name in catalog.sysroots():
        raise InputError(
            "it has not been created on this machine",
            where=f"sysroot {name}",
            remedy=f"{_CREATE} {name}",
        )
    if Path(name).is_dir():
        remedy = f"write ./{name} for the folder of that name"
    else:
        known = {*catalog.sysroots(), *(made.sysroot.name for made in kept.listing(home))}
        remedy = f"{nearest(name, known)}; or give the path of a folder"
    raise InputError(f"there is no sysroot '{name}'", where=f"sysroot {name}", remedy=remedy)


def _in_folder(path: str, home: Path, machine: str) -> Sysroot:
    root = Path(os.path.realpath(os.path.expanduser(path)))  # noqa: PTH111 - raises for no user
    made = kept.read(root) or kept.read(root.parent)
    if made is not None and made.sysroot.path in {str(root), str(root / kept.ROOT)}:
        return made.sysroot
    if not root.is_dir():
        raise InputError("there is no such folder", where=f"sysroot {path}", remedy=_EXAMPLE)
    try:
        return _on_disk(root, path, home, machine)
    except OSError as error:  # a folder that is forbidden, links in a circle
        raise InputError(
            f"it cannot be read: {error}",
            where=f"sysroot {path}",
            remedy=f"make it readable for this user, or copy it; or: {_EXAMPLE}",
        ) from error


def _on_disk(root: Path, path: str, home: Path, machine: str) -> Sysroot:
    machines = discover.systems(root)
    if not machines:
        raise InputError(
            "no glibc was found in it (libc.so.6 in usr/lib64, lib64, usr/lib or usr/lib/TRIPLET)",
            where=f"sysroot {path}",
            remedy=f"give the folder that holds usr, or: {_EXAMPLE}",
        )
    if machine and machine not in machines:
        raise _other_machine(path, tuple(machines), machine)
    wanted = machine or next(iter(machines))
    found = discover.read(root, wanted)
    memo = Memo(home / kept.FOLDER / "digests.json")
    return Sysroot(
        name=str(root),
        path=str(root),
        machine=wanted,
        identity=contents.identity(root, wanted, memo),
        libc=found.libc,
        triplet=found.triplet,
        folders=found.folders,
        pythons=found.pythons,
    )


def _other_machine(name: str, there: tuple[str, ...], wanted: str) -> InputError:
    return InputError(
        f"it is of {' and '.join(there)}, not of {wanted}",
        where=f"sysroot {name}",
        remedy=f"give one of {wanted}: wheelforge sysroot list",
    )

"""Sysroots that were created: folders below WHEELFORGE_HOME/sysroots, with a manifest each.

NAME/root is the system and NAME/sysroot.json says what it was made of. The pair appears and goes
by one rename, may be moved or copied to another machine as a whole, and does not depend on HOME.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from wheelforge.errors import InputError
from wheelforge.sysroot import Definition, Sysroot

FOLDER = "sysroots"
ROOT = "root"
MANIFEST = "sysroot.json"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a created sysroot; `sysroot.path` is left empty in the file.

    `archive` is where its packages came from, `created` in seconds since 1970, `size` in bytes.
    """

    definition: Definition
    sysroot: Sysroot
    archive: str
    created: float
    seconds: float
    size: int


def place(home: Path, name: str) -> Path:
    """Where the sysroot called `name` is when it was created."""
    return home / FOLDER / name


def read(folder: Path) -> Manifest | None:
    """The created sysroot in `folder`, or None where there is none that can be read."""
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        found = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        if (folder / ROOT).is_dir():
            there = msgspec.structs.replace(found.sysroot, path=str(folder / ROOT))
            return msgspec.structs.replace(found, sysroot=there)
    return None


def listing(home: Path) -> tuple[Manifest, ...]:
    """All sysroots that were created, by name; what is not whole is passed over."""
    folders = sorted((home / FOLDER).glob("[!.]*"))
    return tuple(found for folder in folders if (found := read(folder)) is not None)


def damaged(folder: Path) -> InputError | None:
    """What to say of a folder that has the place of a sysroot and is none."""
    if not folder.exists() or read(folder) is not None:
        return None
    return InputError(
        "it was not made by this wheelforge, or is not whole any more",
        where=str(folder),
        remedy=f"wheelforge sysroot create {folder.name} --again",
    )

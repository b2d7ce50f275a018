"""Creates a sysroot of a distribution's packages: whole under its name, or not at all."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import msgspec

from wheelforge import atomic, digest
from wheelforge.errors import InputError
from wheelforge.fetch.errand import locked
from wheelforge.sysroot import Definition, Package, Sysroot, identity_of
from wheelforge.sysroots import discover, kept
from wheelforge.sysroots.kept import Manifest
from wheelforge.sysroots.tidy import remove, tidy
from wheelforge.sysroots.unpack import Tell, unpack

_PART = ".part-"


class Created(NamedTuple):
    """A sysroot that is there, and whether it was made just now."""

    manifest: Manifest
    fresh: bool


async def create(definition: Definition, home: Path, tell: Tell, *, again: bool = False) -> Created:
    """Make the sysroot unless it is there; with `again` a new one takes its place when it is done.

    Two at once wait for each other. Needs mmdebstrap and an apt that has the suite, but no
    privilege; InputError says what is missing. Cancelled or killed, nothing is changed.
    """
    folder = kept.place(home, definition.name)
    with atomic.told(home, "WHEELFORGE_HOME"):
        async with locked(home / "locks" / f"sysroot-{definition.name}", tell):
            there = kept.read(folder)
            if there is not None and not again:
                return Created(there, fresh=False)
            if not again and (fault := kept.damaged(folder)) is not None:
                raise fault
            sweep(home)
            part = folder.with_name(atomic.private(f"{_PART}{definition.name}"))
            try:
                began = time.monotonic()
                _begin(part)
                archive, packages = await unpack(definition, part, tell)
                # not in a thread: what is cancelled here must not go on and publish
                _complete(definition, part, archive, packages, began)
                fresh = _publish(part, folder, replace=again)
            finally:
                atomic.remove_tree(part)
    made = kept.read(folder)
    if made is None:
        raise OSError(f"{folder}: vanished right after it was published")
    return Created(made, fresh)


def sweep(home: Path) -> list[Path]:
    """Remove what creations that were killed left behind; what was removed."""
    left = [path for path in (home / kept.FOLDER).glob(f"{_PART}*") if atomic.abandoned(path.name)]
    for path in left:
        atomic.remove_tree(path)
    return left


def _begin(part: Path) -> None:
    atomic.remove_tree(part)
    part.mkdir(parents=True)


def _complete(
    definition: Definition, part: Path, archive: str, packages: tuple[Package, ...], began: float
) -> None:
    """Leave in `part` the root and its manifest, and nothing else."""
    root = part / kept.ROOT
    tidy(root)
    for path in list(part.iterdir()):
        if path != root:
            remove(path)
    manifest = Manifest(
        definition=definition,
        sysroot=_described(definition, root, packages),
        archive=archive,
        created=time.time(),
        seconds=round(time.monotonic() - began, 1),
        size=sum(info.st_size for _, info in digest.walk(root)),
    )
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (part / kept.MANIFEST).write_bytes(text)


def _described(definition: Definition, root: Path, packages: tuple[Package, ...]) -> Sysroot:
    machines = discover.systems(root)
    if definition.machine not in machines:
        raise InputError(
            f"its packages hold no glibc for {definition.machine}"
            + (f", but one for {' and '.join(machines)}" if machines else ""),
            where=f"sysroot {definition.name}",
            remedy="add libc6-dev to its packages, and see that architecture and machine agree",
        )
    found = discover.read(root, definition.machine)
    return Sysroot(
        name=definition.name,
        path="",
        machine=found.machine,
        identity=identity_of(definition, packages),
        libc=found.libc,
        triplet=found.triplet,
        folders=found.folders,
        pythons=found.pythons,
        packages=packages,
    )


def _publish(part: Path, folder: Path, *, replace: bool) -> bool:
    """Give it its name; where that is taken, the first wins unless it is to be replaced."""
    if atomic.publish_dir(part, folder):
        return True
    if replace:
        atomic.swap_dirs(part, folder)  # the old one is removed as the part it is now
    return replace

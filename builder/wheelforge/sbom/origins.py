"""Where the libraries in a repaired wheel were taken from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from wheelforge import digest
from wheelforge.bill import Package
from wheelforge.sbom.owners import Owner, owner, recorded

# auditwheel puts eight digits of the file's SHA-256 into the name of what it copies
_HASHED = re.compile(r"(.+?)-([0-9a-f]{8})(\.so(?:\.[\w.]+)?)")


class Library(NamedTuple):
    """A library that was built: its prefix, and the SHA-256 of the files in it by their paths."""

    name: str
    prefix: Path
    files: Mapping[str, str]


class Held(NamedTuple):
    """A library's file in the wheel, and where it is from.

    `library` is the name of one that was built, `owner` the package of one that was not; neither
    is known where both are empty. `original` is the SHA-256 of what was copied, without the place
    of the store; it differs from the file's where that was made to look into the wheel.
    """

    path: str
    sha256: str
    library: str = ""
    owner: Owner | None = None
    original: str = ""

    @property
    def soname(self) -> str:
        """Its name without what auditwheel put into it."""
        name = self.path.rpartition("/")[2]
        match = _HASHED.fullmatch(name)
        return f"{match[1]}{match[3]}" if match else name


class Ground(NamedTuple):
    """Where a wheel's libraries may be from: what was built, then a sysroot, or this machine.

    `told` are those the repair itself has told of, by their paths in the wheel. `folders` are of
    the sysroot.
    """

    libraries: tuple[Library, ...] = ()
    told: Mapping[str, Path] = {}
    sysroot: Path | None = None
    folders: tuple[str, ...] = ()
    packages: tuple[Package, ...] = ()


def held(before: Mapping[str, str], after: Mapping[str, str], ground: Ground) -> Iterator[Held]:
    """What of the files `after` the repair is another package's; both by path with SHA-256.

    That is what was not there `before`, and what was copied from a library while it was built.
    """
    built = {sha256: one.name for one in ground.libraries for sha256 in one.files.values()}
    for path, sha256 in sorted(after.items()):
        if ".so" not in path.rpartition("/")[2]:
            continue
        if path not in before:
            yield _grafted(Held(path, sha256), ground)
        elif name := built.get(before[path]):
            yield Held(path, sha256, library=name, original=before[path])


def _grafted(one: Held, ground: Ground) -> Held:
    source = ground.told.get(one.path) or _found(one, ground)
    if source is None:
        return one
    real = source.resolve()
    for library in ground.libraries:
        if real.is_relative_to(library.prefix.resolve()):
            return one._replace(library=library.name, original=_placeless(real, library.prefix))
    one = one._replace(original=digest.of_file(real))
    if ground.sysroot is not None and real.is_relative_to(ground.sysroot.resolve()):
        return one._replace(owner=recorded(one.soname, ground.packages))
    return one._replace(owner=owner(real))


def _placeless(file: Path, prefix: Path) -> str:
    """The digest of a built library's file, the same wherever the store is."""
    own = {os.fsencode(prefix): b"@{prefix}"}
    return digest.of_member(file, file.stat(), own).partition(":")[2]


def _found(one: Held, ground: Ground) -> Path | None:
    """The file that auditwheel copied: its name says by which digits it is known."""
    match = _HASHED.fullmatch(one.path.rpartition("/")[2])
    begin = match[2] if match else ""
    for path in _candidates(one.soname, ground):
        if path.is_file() and digest.of_file(path).startswith(begin):
            return path
    return None


def _candidates(name: str, ground: Ground) -> Iterator[Path]:
    for library in ground.libraries:
        yield from (library.prefix / path for path in library.files if Path(path).name == name)
    folders = [ground.sysroot / folder for folder in ground.folders] if ground.sysroot else _own()
    yield from (folder / name for folder in folders)


@cache
def _own() -> Iterable[Path]:
    """The folders of this machine's loader, as auditwheel looks into them."""
    from auditwheel.lddtree import load_ld_paths

    found = load_ld_paths(Path("/"))
    return tuple(Path(folder) for folder in (*found["conf"], *found["interp"]))

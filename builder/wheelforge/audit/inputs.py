"""What there is to look at: the ELF files of wheels, of folders, or given as they are."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

from wheelforge import elf, wheel
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAGIC = b"\x7fELF"


class Subject(NamedTuple):
    """An ELF file: what it is called, where it is now, the distribution of the wheel it is in."""

    name: str
    path: Path
    distribution: str = ""


def subjects(path: Path, scratch: Path) -> Iterator[Subject]:
    """Every ELF file of a wheel, of a folder and the wheels in it, or the file itself.

    Files of wheels are unpacked into `scratch` one after the other and removed when the next one is
    asked for. InputError where the path is nothing of these.
    """
    yield from bare(path)
    for file, prefix in wheels(path):
        yield from _of_wheel(file, scratch, prefix)


def wheels(path: Path) -> Iterator[tuple[Path, str]]:
    """A wheel, or those in a folder, with what comes before the names of what is in them."""
    if path.is_dir():
        for inside in sorted(path.rglob("*.whl")):
            if inside.is_file():
                yield inside, f"{inside.relative_to(path)}: "
    elif path.suffix == ".whl" and path.is_file():
        yield path, ""


def bare(path: Path) -> Iterator[Subject]:
    """The ELF files of a folder, or the file itself; none where it is a wheel."""
    if path.is_dir():
        for inside in sorted(path.rglob("*")):
            if inside.suffix != ".whl" and elf.is_elf(inside):
                yield Subject(str(inside.relative_to(path)), inside)
    elif path.suffix == ".whl" and path.is_file():
        return
    elif elf.is_elf(path.resolve()):
        yield Subject(path.name, path.resolve())
    else:
        raise InputError(
            "is neither a wheel, nor an ELF file, nor a folder"
            if path.exists()
            else "is not there",
            where=str(path),
            remedy="give the path of a wheel, a shared library, or a folder that holds some",
        )


def _of_wheel(path: Path, scratch: Path, prefix: str) -> Iterator[Subject]:
    distribution, _, _ = wheel.parse_name(path.name)
    place = scratch / "unpacked"
    with wheel.opened(path) as file:
        for item in file.infolist():
            with file.open(item) as source:
                if source.read(len(MAGIC)) != MAGIC:
                    continue
                with place.open("wb") as out:
                    out.write(MAGIC)
                    shutil.copyfileobj(source, out, 1 << 20)
            yield Subject(prefix + item.filename, place, distribution)
            place.unlink()

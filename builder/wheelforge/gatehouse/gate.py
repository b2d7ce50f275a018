"""Compiles the gate on first use, and lays out the folder that puts it in front of compilers."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from wheelforge import atomic, digest, programs
from wheelforge.errors import InputError
from wheelforge.process import ProgramError, capture

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "wheelforge-gate"  # called so, it is a launcher; gate.c compares the name
USAGE = 64
_SOURCE = Path(__file__).with_name("gate.c")
_COMPILERS = ("cc", "gcc", "clang")
# A static program starts sooner and anywhere; not every system has a static C library.
_LINKING = (("-static",), ())


def gate(home: Path) -> Path | None:
    """The compiled gate below `home`; None where this machine has no compiler of its own.

    There is one for each source and compiler, made on first use; the first process to make it
    wins. Raises ProgramError when the compiler fails, InputError when what it made does not run.
    """
    compiler = next((found for name in _COMPILERS if (found := programs.find(name))), None)
    if compiler is None:
        return None
    inputs = [digest.of_file(_SOURCE), str(compiler), digest.of_file(compiler)]
    program = home / "gate" / digest.of_value(inputs)[:16] / NAME
    if not program.is_file():
        _publish(compiler, program)
    return program


def furnish(folder: Path, gate: Path, compilers: Mapping[str, str]) -> None:
    """Put the gate in front of compilers, given as name → absolute path.

    `folder`/bin goes first in PATH: every name there is the gate; what it stands for is in
    `folder`/real. Names that are not given any more are removed from both.
    """
    for inner, targets in (
        ("real", dict(compilers)),  # first: a name in bin without one in real does not work
        ("bin", dict.fromkeys(compilers, str(gate))),
    ):
        place = folder / inner
        place.mkdir(parents=True, exist_ok=True)
        for name, target in targets.items():
            _point(place / name, target)
    for place in (folder / "bin", folder / "real"):
        for name in {link.name for link in place.iterdir()} - set(compilers):
            (place / name).unlink()


def _point(link: Path, target: str) -> None:
    """Make a link lead to `target`, without a moment in which it is missing."""
    if link.is_symlink() and os.fspath(link.readlink()) == target:
        return
    part = link.with_name(atomic.private(link.name))
    part.unlink(missing_ok=True)
    part.symlink_to(target)
    part.replace(link)


def _publish(compiler: Path, program: Path) -> None:
    """Compile the gate in a folder of its own, try it, and give that folder its final name."""
    folder = program.parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        _compile(compiler, part / NAME)
        for path in (part, part / NAME):  # others may share it
            path.chmod(0o755)
        atomic.publish_dir(part, folder)
    finally:
        atomic.remove_tree(part)


def _compile(compiler: Path, program: Path) -> None:
    """The gate, linked in the first of the ways that gives a program which runs."""
    failure: Exception = InputError(f"what it makes of {_SOURCE} does not run", where=str(compiler))
    for linking in _LINKING:
        command = [str(compiler), "-std=c11", "-O2", *linking, str(_SOURCE), "-o", str(program)]
        try:
            capture(command)
        except ProgramError as error:
            failure = error
            continue
        if _runs(program):
            return
    raise failure


def _runs(program: Path) -> bool:
    """Whether it is a gate: called without a program to start, it says how it is used."""
    try:
        capture([str(program)])
    except ProgramError as error:
        return error.code == USAGE
    except InputError:
        pass
    return False

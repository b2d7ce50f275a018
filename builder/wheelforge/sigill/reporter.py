"""Compiles the reporter for the machine of a Python, once, and has it preloaded into programs."""

from __future__ import annotations

import platform
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wheelforge import atomic, digest, elf, programs
from wheelforge.errors import InputError
from wheelforge.process import capture

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "wheelforge-sigill.so"
_SOURCE = Path(__file__).with_name("reporter.c")
# initfirst: other libraries run code when they are loaded, too
_OPTIONS = ("-std=gnu11", "-O2", "-fPIC", "-shared", "-Wl,-z,initfirst")
_NATIVE = ("cc", "gcc", "clang")


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """Where the compiled reporter is kept, below `home`, and the words that call the compiler.

    Without any, one that is installed for the machine is taken.
    """

    home: Path
    compiler: tuple[str, ...] = ()

    def preloaded(self, env: Mapping[str, str], python: Path) -> dict[str, str]:
        """`env`, and what loads the reporter into `python` and all that it starts.

        ForgeError, when there is no compiler for its machine or it fails, says why not.
        """
        machine = elf.read(python.resolve()).machine
        library = str(self._library(machine))
        if any(letter in library for letter in " :,;"):
            raise InputError("the loader takes no such path for LD_PRELOAD", where=library)
        if platform.machine().startswith(machine):
            name, words, between = "LD_PRELOAD", library, ":"
        else:  # the emulator itself is a program of this machine: only what it runs is to load it
            name, words, between = "QEMU_SET_ENV", f"LD_PRELOAD={library}", ","
        known = env.get(name, "")
        return {**env, name: f"{known}{between}{words}" if known else words}

    def _library(self, machine: str) -> Path:
        words = self.compiler or _found(machine)
        program = programs.find(words[0]) if words else None
        if program is None:
            raise InputError(f"there is no compiler for {machine} here", where=" ".join(words))
        inputs = [digest.of_file(_SOURCE), digest.of_file(program), machine, *words]
        library = self.home / "sigill" / digest.of_value(inputs)[:16] / NAME
        if not library.is_file():
            _publish([str(program), *words[1:]], machine, library)
        return library


def _found(machine: str) -> tuple[str, ...]:
    native = platform.machine().startswith(machine)
    names = _NATIVE if native else (f"{machine}-linux-gnu-gcc",)
    return next(((name,) for name in names if programs.find(name)), ())


def _publish(compiler: list[str], machine: str, library: Path) -> None:
    """Compile in a folder of its own, and give that its final name; who comes first wins."""
    folder = library.parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        capture([*compiler, *_OPTIONS, str(_SOURCE), "-ldl", "-o", str(part / NAME)], merge=True)
        made = elf.read(part / NAME).machine if elf.is_elf(part / NAME) else "no machine"
        if made != machine:
            raise InputError(f"compiles for {made}, not for {machine}", where=compiler[0])
        for path in (part, part / NAME):
            path.chmod(0o755)
        atomic.publish_dir(part, folder)
    finally:
        atomic.remove_tree(part)

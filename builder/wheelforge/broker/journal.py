"""What a work folder's compiles left: which began and did not end, and which are done already.

A build tool that is killed leaves half-written outputs that look finished, and scons forgets
everything it had done. So each compile's output is noted when it begins and when it ends; what
only began is removed before the tree is entered again. Where nobody else keeps track of what a
source includes, the compiler is asked (-MD), and an output whose command and files did not change
since is put back instead of made again.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import msgspec

from wheelforge.broker.unit import Unit

FOLDER = "units"


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """An output that was made: when its compile began, and how the file looked (ns, bytes, ns)."""

    sign: str
    began: int
    size: int
    changed: int


class Journal:
    """The journal of one work folder; `cleaned` are the outputs that were removed when opening."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._folder = work / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self.cleaned = self._clean()
        self._kept = self._load()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._log = os.open(self._folder / "log", flags, 0o644)
        self._index = os.open(self._folder / "index", flags, 0o644)

    def begin(self, output: str) -> None:
        """A compile is about to write `output`."""
        self._note("-", output)

    def end(self, output: str) -> None:
        """It has: what is there now is whole."""
        self._note("+", output)

    def remove(self, output: str) -> bool:
        """Remove what a compile left half written; False outside the work folder (/dev/null)."""
        if output.startswith(f"{self._work}/"):
            with suppress(OSError):
                Path(output).unlink()
                return True
        return False

    def dependencies(self, unit: Unit) -> str:
        """Where the compiler is to write which files it read."""
        return f"{self._folder}/{unit.sign}.d"

    def keep(self, unit: Unit, began: int) -> None:
        """Remember a tracked unit's output, with a second link to it; `began` in ns."""
        link = f"{self._folder}/{unit.sign}.o"
        try:
            try:
                os.link(unit.output, link)
            except FileExistsError:  # of an earlier attempt
                os.unlink(link)  # noqa: PTH108
                os.link(unit.output, link)
            info = os.stat(link)  # noqa: PTH116
        except OSError:  # no output, or a file system without links
            return
        kept = _Kept(unit.sign, began, info.st_size, info.st_mtime_ns)
        self._kept[unit.sign] = kept
        with suppress(OSError):
            os.write(self._index, msgspec.json.encode(kept) + b"\n")

    def restore(self, unit: Unit, cwd: str) -> bool:
        """Put a unit's output back, where neither its command nor any file it read changed."""
        kept = self._kept.get(unit.sign)
        if kept is None or not self._unchanged(unit, kept, cwd):
            return False
        with suppress(OSError):
            Path(unit.output).unlink(missing_ok=True)
            try:
                os.link(self._folder / f"{unit.sign}.o", unit.output)
            except OSError:
                shutil.copy2(self._folder / f"{unit.sign}.o", unit.output)
            return True
        return False

    def close(self) -> None:
        """Nothing is noted any more."""
        for descriptor in (self._log, self._index):
            os.close(descriptor)

    def _unchanged(self, unit: Unit, kept: _Kept, cwd: str) -> bool:
        try:
            info = (self._folder / f"{unit.sign}.o").stat()
            text = Path(self.dependencies(unit)).read_text(errors="surrogateescape")
            read = read_dependencies(text)
            times = [os.stat(os.path.join(cwd, name)).st_mtime_ns for name in read]  # noqa: PTH116, PTH118
        except (OSError, ValueError):
            return False
        same = (info.st_size, info.st_mtime_ns) == (kept.size, kept.changed)
        return same and bool(times) and max(times) < kept.began

    def _note(self, mark: str, output: str) -> None:
        if output:
            with suppress(OSError):  # a full disk is for the compile to tell
                os.write(self._log, os.fsencode(f"{mark}{output}\0"))

    def _clean(self) -> list[str]:
        """Remove outputs that began and did not end."""
        open_: dict[str, None] = {}
        with suppress(OSError):
            *notes, _ = (self._folder / "log").read_bytes().split(b"\0")  # the last may be cut off
            for note in notes:
                mark, output = note[:1], os.fsdecode(note[1:])
                if mark == b"-":
                    open_[output] = None
                elif mark == b"+":
                    open_.pop(output, None)
        removed = [output for output in open_ if self.remove(output)]
        (self._folder / "log").unlink(missing_ok=True)
        return removed

    def _load(self) -> dict[str, _Kept]:
        found: dict[str, _Kept] = {}
        with suppress(OSError):
            for line in (self._folder / "index").read_bytes().splitlines():
                with suppress(msgspec.DecodeError):  # the last line may be cut off
                    kept = msgspec.json.decode(line, type=_Kept)
                    found[kept.sign] = kept
        return found


def read_dependencies(text: str) -> list[str]:
    """The files that a makefile fragment of the compiler names; ValueError when it is none."""
    _, colon, rest = text.partition(": ")
    if not colon:
        raise ValueError(text[:80])
    words = rest.replace("\\\n", " ").replace("\\ ", "\0").replace("$$", "$").split()
    return [word.replace("\0", " ").replace("\\#", "#") for word in words]

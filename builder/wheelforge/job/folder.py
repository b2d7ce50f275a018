"""What happens in a work folder: its lock, stamps of finished commands, taking results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wheelforge import atomic, digest
from wheelforge.errors import BuildError, InputError
from wheelforge.graph import Command
from wheelforge.store import work_lock

if TYPE_CHECKING:
    from filelock import FileLock

_LOCK_POLL_SECONDS = 0.2


async def lock_work(home: Path, name: str, on_wait: Callable[[], None]) -> FileLock | None:
    """Lock the work folder `name`; None where this file system cannot lock.

    `on_wait` is called once when another process holds it.
    """
    from filelock import Timeout

    lock = work_lock(home, name)
    told = False
    while True:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not told:
                on_wait()
            told = True
            await asyncio.sleep(_LOCK_POLL_SECONDS)
        except (NotImplementedError, OSError):
            return None
        else:
            return lock


class Stamps:
    """Which commands of a work folder ended well; a command that changed runs again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def done(self, command: Command) -> bool:
        """True when exactly this command ended well here before."""
        try:
            return self._file(command).read_text() == self._sign(command)
        except OSError:
            return False

    def set(self, command: Command) -> None:
        """Note that it ended well."""
        atomic.write(self._file(command), self._sign(command).encode())

    def _file(self, command: Command) -> Path:
        return self._folder / command.label

    def _sign(self, command: Command) -> str:
        return digest.of_value(msgspec.to_builtins(command))


def fresh(folder: Path) -> Path:
    """An empty folder in place of whatever was there."""
    atomic.remove_tree(folder)
    folder.mkdir(parents=True)
    return folder


def link_programs(folder: Path, programs: Mapping[str, str]) -> None:
    """A folder for PATH that holds exactly these programs."""
    fresh(folder)
    for name, target in programs.items():
        (folder / name).symlink_to(target)


def take(tree: Path, patterns: Sequence[str], into: Path, *, flat: bool) -> int:
    """Copy what matches the glob patterns; `flat` drops the folders. How many files were taken.

    BuildError where a pattern matches nothing, or `flat` would lay two files over each other.
    """
    taken = 0
    origin: dict[Path, Path] = {}
    for pattern in patterns:
        for path in _matches(tree, pattern):
            target = into / (path.name if flat else path.relative_to(tree))
            if origin.setdefault(target, path) != path:
                raise BuildError(
                    f"'{pattern}' matches two files of one name: {origin[target]} and {path}",
                    where="[install] in the recipe",
                )
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir() and not path.is_symlink():
                atomic.copy_tree(path, target)
            else:
                atomic.copy_member(path, target)
            taken += 1
    return taken


def _matches(tree: Path, pattern: str) -> Iterator[Path]:
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise InputError(f"'{pattern}' leads outside the source tree", where="[install]")
    matched = sorted(tree.glob(pattern))
    if not matched:
        raise BuildError(
            f"nothing in the source tree matches '{pattern}'",
            where=f"install of {tree}",
            remedy="correct [install] in the recipe, or the build's targets",
        )
    yield from matched

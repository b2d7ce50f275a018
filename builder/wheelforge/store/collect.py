"""Garbage collection: what no wheelhouse refers to any more, and is old enough, goes.

What somebody works with stays, whatever its age: work folders that are locked, runs that go on,
and every entry that was made or used since the oldest of these runs began.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from wheelforge import atomic, digest
from wheelforge.errors import InputError
from wheelforge.store.entry import read
from wheelforge.store.store import GONE, PART
from wheelforge.store.work import in_use

if TYPE_CHECKING:
    from wheelforge.store.store import Store

_DAY = 86_400.0


class _Root(msgspec.Struct, frozen=True):
    """What keeps entries alive: the wheelhouse that was made from them."""

    wheelhouse: str
    keys: tuple[str, ...]


class Garbage(NamedTuple):
    """A folder that may go, its age in days and its size in bytes."""

    path: Path
    days: float
    size: int


def write_root(home: Path, wheelhouse: Path, keys: Iterable[str]) -> None:
    """Note that the results `keys` are in use by a wheelhouse, as long as that folder exists."""
    place = str(wheelhouse.resolve())
    root = _Root(place, tuple(sorted(set(keys))))
    file = home / "roots" / f"{digest.of_bytes(place.encode())[:16]}.json"
    atomic.write_if_changed(file, msgspec.json.encode(root))


def going_on(run: Path) -> bool:
    """Whether the run with this folder goes on: its process holds a lock on events.jsonl."""
    with suppress(OSError), (run / "events.jsonl").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def collect(store: Store, home: Path, *, keep_days: float, dry_run: bool) -> list[Garbage]:
    """Remove unreferenced entries, work trees and runs older than `keep_days`; what went."""
    now = time.time()
    garbage: list[Garbage] = []
    with atomic.told(home, "WHEELFORGE_HOME"):
        for folder, changed in _candidates(store, home, now - keep_days * _DAY):
            with suppress(FileNotFoundError):  # another collection was quicker
                garbage.append(Garbage(folder, (now - changed) / _DAY, _size(folder)))
        if not dry_run:
            for item in garbage:
                remove = store.discard if item.path.parent == store.root else atomic.remove_tree
                remove(item.path)
            _forget_roots(home)
    return garbage


def _candidates(store: Store, home: Path, horizon: float) -> Iterator[tuple[Path, float]]:
    """What may go, with the time it was changed last: everything before `horizon`."""
    alive = {key for root in _roots(home).values() for key in root.keys}
    runs = {run: going_on(run) for run in (home / "runs").glob("*") if run.is_dir()}
    oldest = min([horizon, *(_changed(run / "plan.json") for run, busy in runs.items() if busy)])
    for folder in store.folders():
        manifest = read(folder)
        if _changed(folder) <= oldest and (manifest is None or manifest.key not in alive):
            yield folder, _changed(folder)
    yield from _leftovers(store, horizon)
    for folder in (home / "work").glob("*"):
        changed = max(map(_changed, (folder, *folder.glob("*"))))
        if folder.is_dir() and changed <= horizon and not in_use(home, folder):
            yield folder, changed
    for run, busy in runs.items():
        if not busy and _changed(run) <= horizon:
            yield run, _changed(run)


def _leftovers(store: Store, horizon: float) -> Iterator[tuple[Path, float]]:
    """What processes that are gone left behind; another machine's has to be a day old."""
    for kind in (PART, GONE):
        for path in store.root.glob(f"{kind}*"):
            gone = atomic.abandoned(path.name)
            if gone or (gone is None and _changed(path) <= min(horizon, time.time() - _DAY)):
                yield path, _changed(path)


def _roots(home: Path) -> dict[Path, _Root]:
    """The wheelhouses that exist, by the file that notes each."""
    found: dict[Path, _Root] = {}
    for file in (home / "roots").glob("*.json"):
        try:
            root = msgspec.json.decode(file.read_bytes(), type=_Root)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(
                f"it cannot be read, so nothing is known to be free: {error}",
                where=str(file),
                remedy="remove it, and build into each wheelhouse again before store gc",
            ) from error
        if Path(root.wheelhouse).is_dir():
            found[file] = root
    return found


def _forget_roots(home: Path) -> None:
    known = _roots(home)
    for file in (home / "roots").glob("*.json"):
        if file not in known:
            file.unlink(missing_ok=True)


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def _size(folder: Path) -> int:
    return sum(info.st_size for _, info in digest.walk(folder))

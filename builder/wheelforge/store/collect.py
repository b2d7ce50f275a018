"""Garbage collection: what no wheelhouse refers to any more, and is old enough, goes."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from wheelforge import atomic, digest
from wheelforge.store.entry import read

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def collect(store: Store, home: Path, *, keep_days: float, dry_run: bool) -> list[Garbage]:
    """Remove unreferenced entries, work trees and runs older than `keep_days`; what went."""
    alive = _alive(home)
    now = time.time()
    garbage: list[Garbage] = []
    for folder in _candidates(store, home, alive):
        days = (now - folder.stat().st_mtime) / _DAY
        if days >= keep_days:
            garbage.append(Garbage(folder, days, _size(folder)))
    if not dry_run:
        for item in garbage:
            store.discard(item.path) if item.path.parent == store.root else shutil.rmtree(
                item.path, ignore_errors=True
            )
    return garbage


def _alive(home: Path) -> set[str]:
    keys: set[str] = set()
    for file in (home / "roots").glob("*.json"):
        with suppress(OSError, msgspec.DecodeError):
            root = msgspec.json.decode(file.read_bytes(), type=_Root)
            if Path(root.wheelhouse).is_dir():
                keys.update(root.keys)
            else:
                file.unlink()
    return keys


def _candidates(store: Store, home: Path, alive: set[str]) -> list[Path]:
    found: list[Path] = []
    for folder in store.folders():
        manifest = read(folder)
        if manifest is None or manifest.key not in alive:
            found.append(folder)
    if store.root.is_dir():
        found += [
            path for path in store.root.iterdir() if path.name.startswith((".part-", ".gone-"))
        ]
    for name in ("work", "runs"):
        found += [path for path in (home / name).glob("*") if path.is_dir()]
    return found


def _size(folder: Path) -> int:
    total = 0
    for name, info in digest.walk(folder):
        del name
        total += info.st_size
    return total

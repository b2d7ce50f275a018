"""What the loader would do with a wheel's libraries: which it finds, in which order.

By the rules of glibc's ld.so: DT_RPATH of a library and of those that led to it, unless it has
DT_RUNPATH, which holds for itself alone; what is loaded already is found by name and SONAME.
"""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import join, normpath
from typing import TYPE_CHECKING, NamedTuple

from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from wheelforge.audit.objects import Object

_MOST = 5_000_000  # places that are looked at for the libraries of one wheel
_ORIGIN = ("$ORIGIN", "${ORIGIN}")


class Miss(NamedTuple):
    """A library that is not in the wheel: `outside` are folders beside it that were searched."""

    by: Object
    name: str
    outside: tuple[str, ...]


@dataclass(frozen=True)
class Scope:
    """What loading `root` brings into the process: libraries of the wheel, of the system, misses.

    `missed` are neither of the wheel nor of the system.
    """

    root: Object
    loaded: tuple[Object, ...]
    system: frozenset[str]
    missed: tuple[Miss, ...]


@dataclass
class _Load:
    item: Object
    by: _Load | None

    def search(self) -> Iterator[str]:
        """The folders where what it needs is searched, from site-packages on."""
        if self.item.loading.runpath:
            yield from _folders(self.item, self.item.loading.runpath)
            return
        load: _Load | None = self
        while load is not None:
            yield from _folders(load.item, load.item.loading.rpath)
            load = load.by


def scopes(objects: Sequence[Object], of_system: Callable[[str], bool]) -> list[Scope]:
    """One for everything that nothing else in the wheel loads: extension modules, programs …

    InputError where its libraries need each other more often than can be followed.
    """
    wheel = _Wheel({item.place: item for item in objects}, of_system, iter(range(_MOST)))
    found = {item.path: _scope(item, wheel) for item in objects if item.loading.dynamic}
    loaded = {path: {item.path for item in scope.loaded} for path, scope in found.items()}
    below = {
        path
        for root, paths in loaded.items()
        for path in paths
        if root not in loaded.get(path, ())  # of those that need each other, each is a root
    }
    return [scope for path, scope in found.items() if path not in below]


class _Wheel(NamedTuple):
    places: Mapping[str, Object]
    of_system: Callable[[str], bool]
    left: Iterator[int]


def _scope(root: Object, wheel: _Wheel) -> Scope:
    loads = [_Load(root, None)]
    known = {root.name: root, root.loading.soname: root}
    system: set[str] = set()
    missed: dict[str, Miss] = {}
    for load in loads:
        for name in load.item.loading.needed:
            if name in known or name in missed:
                continue
            found = _find(load, name, wheel)
            if found is not None:
                known |= {name: found, found.name: found, found.loading.soname: found}
                loads.append(_Load(found, load))
            elif wheel.of_system(name):
                system.add(name)
            else:
                folders = (folder for folder in load.search() if not folder.startswith(".."))
                missed[name] = Miss(load.item, name, tuple(dict.fromkeys(folders)))
    return Scope(
        root=root,
        loaded=tuple(load.item for load in loads),
        system=frozenset(system),
        missed=tuple(missed.values()),
    )


def _find(load: _Load, name: str, wheel: _Wheel) -> Object | None:
    if "/" in name:
        return None
    for folder in load.search():
        if next(wheel.left, None) is None:
            raise InputError(
                "its libraries need each other more often than can be followed",
                where=load.item.path,
                remedy="do not trust this wheel",
            )
        found = wheel.places.get(normpath(join(folder, name)))
        if found is not None and found.loading.machine == load.item.loading.machine:
            return found
    return None


def _folders(item: Object, entries: Sequence[str]) -> Iterator[str]:
    for entry in entries:
        for origin in _ORIGIN:
            if entry == origin or entry.startswith(f"{origin}/"):
                yield normpath(join(item.folder, f".{entry[len(origin) :]}"))

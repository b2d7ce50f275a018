"""Reads recipes, targets, toolchains and sysroots: those shipped, and those a site adds.

In a checkout the top-level `recipes/` and `toolchains/` are read live; an installed wheelforge has
them as package data. Overlays are folders of recipe files laid over recipes of the same name.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TypeVar

import msgspec

from wheelforge import patterns
from wheelforge.compatibility import WORDS, Row, Table
from wheelforge.errors import InputError, nearest
from wheelforge.recipe import Document, Layer
from wheelforge.recipe.conditions import ordered, specifier
from wheelforge.recipe.faults import Fault, converted
from wheelforge.sysroot import Definition
from wheelforge.target import Target
from wheelforge.toolchain import Toolchain
from wheelforge.untrusted import named

T = TypeVar("T", Target, Toolchain, Table, Definition)

_NOUNS: Mapping[type, str] = {Definition: "sysroot"}
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9._+-]{0,99}")


@cache
def shipped() -> Path:
    """The folder that holds `recipes/` and `toolchains/`."""
    package = Path(__file__).resolve().parent
    inside = package / "_shipped"
    return inside if inside.is_dir() else package.parent.parent


@dataclass(frozen=True)
class Catalog:
    """All recipes by name; files are read when a recipe is asked for.

    `folders` are read in order, and a name may come from one of them only; `overlays` are laid
    over them in order and may also bring new names.
    """

    folders: tuple[Path, ...]
    overlays: tuple[Path, ...] = ()
    _cache: dict[str, Document] = field(default_factory=dict, repr=False)

    @cached_property
    def files(self) -> Mapping[str, tuple[Path, ...]]:
        """Recipe files by recipe name, lowest layer first."""
        found: dict[str, list[Path]] = {}
        for folder in self.folders:
            for name, path in _named(folder).items():
                if name in found:
                    raise InputError(
                        f"there is a recipe '{name}' already: {_shown(found[name][0])}",
                        where=_shown(path),
                        remedy="give it another name, or use --overlay to change the other one",
                    )
                found[name] = [path]
        for folder in self.overlays:
            for name, path in _named(folder).items():
                found.setdefault(name, []).append(path)
        return {name: tuple(paths) for name, paths in found.items()}

    def document(self, name: str, where: str = "") -> Document:
        """The recipe called `name`; InputError with the nearest names when there is none."""
        if name not in self._cache:
            if name not in self.files:
                raise InputError(
                    f"there is no recipe '{name}'", where=where, remedy=nearest(name, self.files)
                )
            layers = tuple(Layer.load(path, _shown(path)) for path in self.files[name])
            self._cache[name] = Document(name, layers)
        return self._cache[name]

    def rows(self) -> tuple[Row, ...]:
        """The compatibility table: every file in the `compatibility` folders, overlays last.

        A row of an overlay takes the place of the one with its id below it.
        """
        rows = [row for folder in self.folders for row in _rows(folder)]
        for folder in self.overlays:
            over = {row.id: row for row in _rows(folder)}
            rows = [over.pop(row.id, row) for row in rows]
            rows += over.values()
        return tuple(rows)


def open_catalog(recipes: Sequence[Path] = (), overlays: Sequence[str] = ()) -> Catalog:
    """The shipped recipes, with more folders and overlays; overlays are named or are folders."""
    own = shipped() / "recipes"
    for folder in recipes:
        if not folder.is_dir():
            raise InputError(
                "is not a folder of recipes",
                where=f"--recipes {folder}",
                remedy="give the path of a folder that holds NAME.toml files",
            )
    given = (folder.absolute() for folder in recipes)  # plans are run from other folders too
    return Catalog((own, *given), tuple(_overlay(name, own / "overlays") for name in overlays))


def _overlay(name: str, shipped_overlays: Path) -> Path:
    known = {path.name: path for path in shipped_overlays.glob("*") if path.is_dir()}
    if name in known:
        return known[name]
    if Path(name).is_dir():
        return Path(name).resolve()
    raise InputError(
        "is neither an overlay shipped with wheelforge nor a folder",
        where=f"--overlay {name}",
        remedy=nearest(name, known),
    )


def targets() -> dict[str, Path]:
    """Target files by name."""
    return _named(shipped() / "toolchains" / "targets")


def target_values() -> frozenset[str]:
    """What recipes may ask any target for as `{target.NAME}`; native has its nearest target's."""
    found = (_load(name, targets(), Target, "--target") for name in targets())
    return frozenset(name for target in found for name in target.values)


def toolchains() -> dict[str, Path]:
    """Toolchain files by name."""
    return _named(shipped() / "toolchains")


def toolchains_for(machine: str) -> tuple[str, ...]:
    """The shipped toolchains that compile for a machine; `native` ones do for this one."""
    known = {machine, *(["native"] if machine == platform.machine() else [])}
    return tuple(name for name in toolchains() if load_toolchain(name).machine in known)


def load_target(name: str) -> Target:
    """A target by name, or from a TOML file; features come from archspec."""
    target = _load(name, targets(), Target, "--target")
    _plainly_named(target.name, f"target {name}: name")
    for family, version in target.compilers.items():
        _version(version, f"target {target.name}: compilers.{family}")
    if target.archspec == "native":
        return _native(target, name)
    return _with_features(target)


def load_toolchain(name: str) -> Toolchain:
    """A toolchain by name, or from a TOML file."""
    toolchain = _load(name, toolchains(), Toolchain, "--toolchain")
    _plainly_named(toolchain.name, f"toolchain {name}: name")
    _version(toolchain.minimum, f"toolchain {toolchain.name}: minimum")
    if fault := patterns.expression_fault(toolchain.version_pattern):
        where = f"toolchain {toolchain.name}: version_pattern"
        raise InputError(fault, where=where, remedy=r"write it as '(\d+\.\d+)'")
    for role, text in (*toolchain.arguments.items(), ("flags", toolchain.flags)):
        _words(text, f"toolchain {toolchain.name}: {role}")
    return toolchain


def sysroots() -> dict[str, Path]:
    """Files that define a sysroot, by name."""
    return _named(shipped() / "toolchains" / "sysroots")


def load_sysroot(name: str) -> Definition:
    """What a sysroot is made of, by name or from a TOML file; with all that it extends."""
    path = _file(name, sysroots(), Definition, "sysroot")
    layer = Layer.load(path, _shown(path))
    found = _typed(_extended(layer), Definition)
    _plainly_named(found.name, f"sysroot {name}: name")
    if not found.packages:
        raise InputError(
            "a sysroot of no packages is empty",
            where=f"sysroot {name}: packages",
            remedy='name some, as packages = ["libc6-dev"]',
        )
    return found


def _rows(folder: Path) -> Iterator[Row]:
    for path in sorted(folder.glob("compatibility/*.toml")):
        for row in _converted(path, Table).row:
            for subject, test in (*row.when.items(), *row.needs.items()):
                if subject not in WORDS:
                    _said(partial(specifier, test), f"{_shown(path)}: row {row.id}: {subject}")
            yield row


def _plainly_named(name: str, where: str) -> None:
    """Folders, lines of scripts and options are made of names."""
    if not _PLAIN_NAME.fullmatch(name):
        raise InputError(
            f"'{named(name)}' cannot be the name of a folder",
            where=where,
            remedy="write it with lower-case letters, digits, '.', '_', '+' and '-'",
        )


def _words(text: str, where: str) -> None:
    try:
        shlex.split(text)
    except ValueError as error:
        what = f"'{text}' is not a row of words: {error}"
        raise InputError(what, where=where, remedy="close its quotes") from error


def _version(text: str, where: str) -> None:
    _said(partial(ordered, text), where)


def _said(work: Callable[[], object], where: str) -> None:
    try:
        work()
    except InputError as error:
        error.where = where
        raise


def _named(folder: Path) -> dict[str, Path]:
    """The TOML files of a folder by name; hidden ones are some editor's."""
    names = sorted(os.listdir(folder))  # noqa: PTH208 - ten thousand paths are slow to sort
    return {
        name.removesuffix(".toml"): folder / name
        for name in names
        if name.endswith(".toml") and not name.startswith(".")
    }


def _extended(layer: Layer) -> Layer:
    """The layer with what the sysroot it extends says; its own packages come last."""
    name = layer.data.get("extends")
    if not isinstance(name, str) or not name:
        return layer
    try:
        path = _file(name, sysroots(), Definition, "sysroot")
    except InputError as error:
        raise layer.refuse(error.what, ("extends",), error.remedy) from error
    below = Layer.load(path, _shown(path))
    if other := below.data.get("extends"):
        what = f"the sysroot '{name}' extends another one itself"
        raise layer.refuse(what, ("extends",), f"extend {other}, and add its packages")
    base = _typed(below, Definition)
    own = layer.data.get("packages", [])
    together = [*base.packages, *own] if isinstance(own, list) else own
    data = {**msgspec.to_builtins(base), **layer.data, "packages": together}
    return replace(layer, data=data)


def _load(name: str, known: Mapping[str, Path], kind: type[T], option: str) -> T:
    return _converted(_file(name, known, kind, option), kind)


def _file(name: str, known: Mapping[str, Path], kind: type[T], option: str) -> Path:
    path = Path(name) if name.endswith(".toml") else known.get(name)
    if path is None or not path.is_file():
        raise InputError(
            f"there is no {_NOUNS.get(kind, kind.__name__.lower())} '{name}'",
            where=f"{option} {name}",
            remedy=nearest(name, known) + "; or give a .toml file",
        )
    return path


def _converted(path: Path, kind: type[T]) -> T:
    return _typed(Layer.load(path, _shown(path)), kind)


def _typed(layer: Layer, kind: type[T]) -> T:
    try:
        return converted(layer.data, kind)
    except Fault as fault:
        raise layer.refuse(fault.what, fault.key, fault.remedy) from fault


def _with_features(target: Target) -> Target:
    import archspec.cpu

    if target.archspec not in archspec.cpu.TARGETS:
        raise InputError(
            f"archspec knows no processor '{target.archspec}'",
            where=f"target {target.name}: archspec",
            remedy=nearest(target.archspec, archspec.cpu.TARGETS),
        )
    known = archspec.cpu.TARGETS[target.archspec]
    if str(known.family) != target.machine:
        raise InputError(
            f"'{target.archspec}' is a {known.family}, not a {target.machine}",
            where=f"target {target.name}: machine",
            remedy=f'write machine = "{known.family}", or name another processor',
        )
    features = tuple(sorted({*target.features, *known.features}))
    return msgspec.structs.replace(target, features=features)


def _native(target: Target, name: str) -> Target:
    """This machine's processor, with the values of the nearest target that is known."""
    import archspec.cpu

    host = archspec.cpu.host()
    line = [host.name, *(item.name for item in host.ancestors)]
    known = {
        item.archspec: item
        for path in targets().values()
        if (item := _load(path.stem, targets(), Target, "--target")).archspec != "native"
    }
    near = next((known[item] for item in line if item in known), None)
    if near is None:
        raise InputError(
            f"no target is near this machine's processor '{host.name}'",
            where=f"--target {name}",
            remedy="write a target .toml for it and give --target FILE",
        )
    return msgspec.structs.replace(
        target,
        machine=str(host.family),
        archspec=host.name,
        values={**near.values, **target.values},
        features=tuple(sorted(host.features)),
        page_size=near.page_size,
    )


def _shown(path: Path) -> str:
    folder, _, name = str(path).rpartition("/")
    return f"{_shown_folder(folder)}/{name}" if folder else name


@cache
def _shown_folder(folder: str) -> str:
    """Short for what is shipped: messages name `recipes/acl.toml`."""
    try:
        return str(Path(folder).relative_to(shipped()))
    except ValueError:
        return folder

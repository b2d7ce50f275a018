"""What has to hold of a recipe beyond its types: a recipe that breaks a rule is never planned."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator

from wheelforge import isa, patterns
from wheelforge.errors import InputError, nearest
from wheelforge.recipe.checks import BUILD_CHECKS, CMakeCheck, ElfCheck, FileCheck
from wheelforge.recipe.conditions import specifier, specifying
from wheelforge.recipe.faults import Fault
from wheelforge.recipe.model import Backend, Recipe, Repair
from wheelforge.recipe.places import Key

# As package indexes normalise names, so that a requirement finds what a file is called.
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_NAME = 100  # folders are called so, with a key and a version

# What a backend would pass over in silence must not be written for it.
_TAKES: dict[Backend, frozenset[str]] = {
    "scons": frozenset({"options", "targets"}),
    "cmake": frozenset({"options", "targets", "generator"}),
    "make": frozenset({"options", "targets"}),
    "pep517": frozenset({"options"}),
    "setuptools": frozenset({"commands"}),
    "script": frozenset({"commands"}),
}
_WHEEL_BACKENDS = ("pep517", "setuptools", "script")


def broken(recipe: Recipe, name: str) -> Iterator[Fault]:
    """Every rule that the recipe in the file called `name` breaks."""
    yield from _named(recipe, name)
    for key, text in _specifiers(recipe):
        try:
            specifier(text)
        except InputError as error:
            yield Fault(error.what, key, error.remedy)
    yield from _inside(recipe)
    if recipe.repair.into and not recipe.repair.into.strip("./"):
        yield Fault(
            "libraries would lie among the packages",
            ("repair", "into"),
            "name a folder of the wheel",
        )
    yield from _wheels_own(recipe)
    yield from _externals(recipe)
    yield from _dispatch(recipe)
    yield from _build_checks(recipe)
    yield from _backend(recipe)


def _inside(recipe: Recipe) -> Iterator[Fault]:
    for key, place in _places(recipe):
        if place.startswith("/") or ".." in place.split("/"):
            yield Fault(f"'{place}' leads outside the tree", key, "give a path inside it")
    for key, pattern in _globs(recipe):
        if fault := patterns.glob_fault(pattern):
            yield Fault(fault, key, "give a pattern inside the tree, such as lib/*.so or **/*.h")
    for other, nested in recipe.nested.items():
        if not nested.at.strip("./"):
            key = ("nested", other, "at")
            yield Fault("it would replace the whole tree", key, "name a folder below the tree")


def _named(recipe: Recipe, name: str) -> Iterator[Fault]:
    if recipe.name != name or not NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        yield Fault(
            f"'{recipe.name}' is not a name this file may give",
            ("name",),
            f'write name = "{name}", and call the file so'
            if NAME.fullmatch(name) and len(name) <= _LONGEST_NAME
            else 'use lower-case letters and digits with single "-" between them, and call the '
            "file so",
        )


def _wheels_own(recipe: Recipe) -> Iterator[Fault]:
    if recipe.kind == "wheel":
        return
    told_of = (
        ("distribution", recipe.distribution),
        ("trial", recipe.trial.requires),
        ("repair", recipe.repair != Repair()),
    )
    for name, told in told_of:
        if told:
            what = f"{name} is for wheels, and kind is {recipe.kind}"
            yield Fault(what, (name,), 'remove it, or write kind = "wheel"')


def _externals(recipe: Recipe) -> Iterator[Fault]:
    for number, item in enumerate(recipe.external):
        if fault := patterns.expression_fault(item.probe.pattern):
            key = ("external", number, "probe", "pattern")
            yield Fault(fault, key, r"write it as 'version=(\S+)'")


def _dispatch(recipe: Recipe) -> Iterator[Fault]:
    for pattern in recipe.audit.dispatch:
        if not fnmatch.filter(isa.known(), pattern):
            yield Fault(
                f"no instruction set extension is called '{pattern}'",
                ("audit", "dispatch", pattern),
                nearest(pattern, isa.known()),
            )


def _build_checks(recipe: Recipe) -> Iterator[Fault]:
    for number, check in enumerate(recipe.checks):
        if not isinstance(check, BUILD_CHECKS):
            continue
        key: Key = ("checks", number)
        if isinstance(check, CMakeCheck):
            if not check.cache and not check.asked:
                told = "add asked = true, or cache = { NAME = true }"
                yield Fault("it asks for nothing", key, told)
            continue
        if not check.every and not check.flags:
            told = 'add every = ["-O2|-O3"], or flags = "{target.flags}"'
            yield Fault("it asks for nothing", key, told)
        for place, wanted in enumerate(check.every):
            if not all(choice.startswith("-") for choice in wanted.split("|")):
                told = 'write it as "-O2|-O3"'
                yield Fault(f"'{wanted}' is no option", (*key, "every", place), told)


def _specifiers(recipe: Recipe) -> Iterator[tuple[Key, str]]:
    for other, text in recipe.depends.items():
        yield ("depends", other), text
    for other, text in recipe.companions.items():
        yield ("companions", other), text
    for other, nested in recipe.nested.items():
        yield ("nested", other, "version"), nested.version
    for number, patch in enumerate(recipe.patches):
        yield ("patches", number, "versions"), patch.versions
    for family, text in recipe.compilers.items():
        yield ("compilers", family), text
    for number, item in enumerate(recipe.external):
        key: Key = ("external", number, "version")
        table = {"": item.version} if isinstance(item.version, str) else item.version
        for version, text in table.items():
            yield (*key, version) if version else key, specifying(text)


def _places(recipe: Recipe) -> Iterator[tuple[Key, str]]:
    for other, nested in recipe.nested.items():
        yield ("nested", other, "at"), nested.at
    for pattern, folder in recipe.install.move.items():
        yield ("install", "move", pattern), folder
    yield ("repair", "into"), recipe.repair.into
    for number, folder in enumerate(recipe.exports.libraries):
        yield ("exports", "libraries", number), folder
    if recipe.build is not None:
        yield ("build", "directory"), recipe.build.directory


def _globs(recipe: Recipe) -> Iterator[tuple[Key, str]]:
    for number, pattern in enumerate(recipe.install.keep):
        yield ("install", "keep", number), pattern
    for pattern in recipe.install.move:
        yield ("install", "move", pattern), pattern
    for number, check in enumerate(recipe.checks):
        if isinstance(check, FileCheck | ElfCheck):
            yield ("checks", number, "path"), check.path
    for number, item in enumerate(recipe.external):
        yield ("external", number, "probe", "file"), item.probe.file


def _backend(recipe: Recipe) -> Iterator[Fault]:
    build, kind = recipe.build, recipe.kind
    if build is None:
        if kind != "source":
            yield Fault(
                f"a {kind} needs a [build] table", (), 'write how it is built, or kind = "source"'
            )
        return
    for name, unset in (("options", {}), ("targets", ()), ("commands", ()), ("generator", "Ninja")):
        if name not in _TAKES[build.backend] and getattr(build, name) != unset:
            takers = [backend for backend, taken in _TAKES.items() if name in taken]
            yield Fault(
                f"the backend {build.backend} takes no {name}",
                ("build", name),
                f"remove it; it is for {', '.join(takers)}",
            )
    if kind == "library" and build.backend in {"pep517", "setuptools"}:
        told = 'choose another, or write kind = "wheel"'
        yield Fault(
            f"{build.backend} builds wheels, and kind is library", ("build", "backend"), told
        )
    if kind == "wheel" and build.backend not in _WHEEL_BACKENDS:
        told = f"choose one of {', '.join(_WHEEL_BACKENDS)}"
        yield Fault(
            f"{build.backend} builds no wheels, and kind is wheel", ("build", "backend"), told
        )

"""The `{names}` and requirements in a recipe's strings that planning would stop at, for lint."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import msgspec
from packaging.requirements import InvalidRequirement

from wheelforge import requirement
from wheelforge.errors import InputError
from wheelforge.recipe.checks import BUILD_CHECKS
from wheelforge.recipe.model import Recipe
from wheelforge.recipe.places import Key
from wheelforge.template import PATHS, expand

_ALWAYS = ("name", "version", "python.version", "python.series", "sysroot")
_TARGET = ("name", "machine", "flags", "ldflags")
_TOOLCHAIN = ("name", "family", "cc", "cxx", "fc", "ar", "ranlib", "strip")


def unknown(
    recipe: Recipe, depends: Collection[str], nested: Collection[str], target: Collection[str]
) -> Iterator[tuple[Key, str]]:
    """Keys whose strings cannot be used, and why.

    `depends` and `nested` are those of any variant, `target` the values that targets have.
    """
    values = dict.fromkeys(
        [
            *_ALWAYS,
            *(f"target.{name}" for name in (*_TARGET, *target)),
            *(f"toolchain.{name}" for name in _TOOLCHAIN),
            *(f"pin.{name}" for name in (*depends, *nested)),
        ],
        "",
    )
    paths = (*PATHS, *(f"dep.{name}" for name in depends))
    for key, text in _strings(recipe.build, ("build",)):
        yield from _refused(text, key, values, paths)
    for key, text in _strings(recipe.exports.env, ("exports", "env")):
        yield from _refused(text, key, {**values, "prefix": ""}, ())
    for number, check in enumerate(recipe.checks):
        known = paths if isinstance(check, BUILD_CHECKS) else ()
        for key, text in _strings(check, ("checks", number)):
            if key[-1] != "code":
                yield from _refused(text, key, values, known)
    for number, text in enumerate(recipe.build.requires if recipe.build else ()):
        try:
            requirement.parsed(text)
        except InvalidRequirement:
            yield ("build", "requires", number), f"'{text}' is not a requirement"


def _refused(
    text: str, key: Key, values: dict[str, str], paths: Collection[str]
) -> Iterator[tuple[Key, str]]:
    try:
        expand(text, values, "", paths)
    except InputError as error:
        yield key, error.what


def _strings(table: Any, at: Key) -> Iterator[tuple[Key, str]]:
    """Every string with a brace below a table."""
    plain = msgspec.to_builtins(table)
    if isinstance(plain, str):
        if "{" in plain:
            yield at, plain
    elif isinstance(plain, dict):
        for name, value in plain.items():
            yield from _strings(value, (*at, name))
    elif isinstance(plain, list | tuple):
        for number, value in enumerate(plain):
            yield from _strings(value, (*at, number))

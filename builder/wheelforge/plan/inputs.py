"""The named facts a build's key is made of, so that `why` can say which of them changed.

Left out: what cannot change the result (job counts, timeouts, mirrors, where programs are).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

import msgspec

from wheelforge import digest, programs
from wheelforge.graph import Command, encoded
from wheelforge.pin import Pin
from wheelforge.plan.setting import Setting
from wheelforge.recipe import Build, Install, PathSource

T = TypeVar("T", Build, Install)

ROLES = {"c": "cc", "c++": "cxx", "fortran": "fc"}

# what else there is in a build section is among commands, variables, tools or compilers
_BUILD = (
    "backend",
    "generator",
    "directory",
    "targets",
    "commands",
    "requires",
    "job_variables",
    "path_map",
)
_INSTALL = ("keep", "move")
_NO_BUILD, _NO_INSTALL = Build(backend="script"), Install()
_SOURCE = ("strip", "submodules")
_DIGITS = 16


def of_build(
    pin: Pin,
    build: Build,
    commands: Sequence[Command],
    variables: dict[str, str],
    tools: Collection[str],
) -> dict[str, str]:
    """The facts that recipe, sources and environment bring."""
    install = pin.recipe.install
    inputs = {f"build.{name}": text for name, text in _set(build, _NO_BUILD, _BUILD)}
    inputs |= {f"build.options.{name}": _text(value) for name, value in build.options.items()}
    inputs |= {f"install.{name}": text for name, text in _set(install, _NO_INSTALL, _INSTALL)}
    inputs |= variables
    inputs |= {f"tool.{name}": programs.version(name) for name in tools}
    for number, patch in enumerate(pin.patches, 1):
        name = patch.file.rpartition("/")[2]
        inputs[f"patch.{number}"] = f"{name} {patch.sha256[:_DIGITS]} -p{patch.strip}"
    for item in pin.sources:
        if item.series:
            inputs[f"source.{item.recipe}.patches"] = " without ".join((item.at, *item.without))
            continue
        place = f"source.{item.recipe}"
        if isinstance(item.source, PathSource):
            inputs[place] = item.identity
        if item.at:
            inputs[f"{place}.at"] = item.at
        inputs |= {
            f"{place}.{name}": str(value)
            for name in _SOURCE
            if (value := getattr(item.source, name, None)) is not None
        }
    inputs["commands"] = digest.of_bytes(encoded(commands))
    return inputs


def of_setting(
    setting: Setting, languages: Collection[str], *, with_python: bool
) -> dict[str, str]:
    """The facts about compilers and Python; `languages` are those there is a compiler for."""
    compilers = setting.compilers
    inputs = {
        f"compiler.{role}": f"{compilers.family} {compilers.version} "
        f"{compilers.digests[role][:_DIGITS]} {compilers.arguments.get(role, '')}".rstrip()
        for role in (ROLES[language] for language in languages)
    }
    inputs["libc"] = compilers.libc
    if compilers.sysroot:
        inputs["sysroot"] = f"{compilers.sysroot.name} {compilers.sysroot.identity[:_DIGITS]}"
    if with_python:
        inputs["python"] = setting.python_words
    return inputs


def _set(table: T, default: T, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Fields that are set, as text: a field that a later version adds changes no key."""
    for name in names:
        if (value := getattr(table, name)) != getattr(default, name):
            yield name, _text(value)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value, order="sorted").decode()

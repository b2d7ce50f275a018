"""SCons: `scons -jN name=value … targets` in the source tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.backends.options import number
from wheelforge.graph import Command

if TYPE_CHECKING:
    from wheelforge.recipe import Build

programs: tuple[str, ...] = ("scons",)


def commands(build: Build) -> tuple[Command, ...]:
    """One command; libraries are taken from the tree by the recipe's install mapping."""
    options = [f"{name}={number(value)}" for name, value in build.options.items()]
    argv = ("scons", "-j@{jobs}", *options, *build.targets)
    return (Command(label="build", argv=argv, cwd=f"@{{src}}/{build.directory}".rstrip("/")),)

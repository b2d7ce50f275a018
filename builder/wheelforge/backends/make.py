"""GNU make: `make -jN NAME=value`, then `make install PREFIX=… DESTDIR=…`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.backends.options import number
from wheelforge.graph import Command

if TYPE_CHECKING:
    from wheelforge.recipe import Build

programs: tuple[str, ...] = ("make",)


def commands(build: Build) -> tuple[Command, ...]:
    """Both commands run in the source tree with the same variables, as makefiles expect."""
    folder = f"@{{src}}/{build.directory}".rstrip("/")
    options = tuple(f"{name}={number(value)}" for name, value in build.options.items())
    install = ("make", "install", *options, "PREFIX=@{prefix}", "DESTDIR=@{stage}")
    return (
        Command(label="build", argv=("make", "-j@{jobs}", *options, *build.targets), cwd=folder),
        Command(label="install", argv=install, cwd=folder),
    )

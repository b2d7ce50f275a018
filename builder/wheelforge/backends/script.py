"""A fixed list of commands, for what has no build system of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.graph import Command

if TYPE_CHECKING:
    from wheelforge.recipe import Build

programs: tuple[str, ...] = ()


def commands(build: Build) -> tuple[Command, ...]:
    """Each runs in the source tree, without a shell."""
    folder = f"@{{src}}/{build.directory}".rstrip("/")
    return tuple(
        Command(label=f"command-{number}", argv=argv, cwd=folder)
        for number, argv in enumerate(build.commands, 1)
    )

"""The legacy `setup.py bdist_wheel`, for projects whose setup.py is a program (torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.backends.script import commands as listed
from wheelforge.graph import Command

if TYPE_CHECKING:
    from wheelforge.recipe import Build

programs: tuple[str, ...] = ()


def commands(build: Build) -> tuple[Command, ...]:
    """Told everything through the environment; the recipe's own commands come first."""
    argv = ("@{env}/bin/python", "setup.py", "bdist_wheel", "--dist-dir", "@{wheels}")
    folder = f"@{{src}}/{build.directory}".rstrip("/")
    return (*listed(build), Command(label="wheel", argv=argv, cwd=folder))

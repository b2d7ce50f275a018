"""Build systems: what a recipe's build section becomes as a list of commands. They run nothing."""

from __future__ import annotations

from typing import Protocol

from wheelforge.backends import cmake, make, pep517, scons, script, setuptools
from wheelforge.graph import Command
from wheelforge.recipe import Backend, Build


class Driver(Protocol):
    """A backend is a module with these two names.

    `programs` are what it needs on PATH. `commands` turns a build section whose values were filled
    in into commands; the last of them leaves the result in `@{stage}` or `@{wheels}`, or (scons,
    script) in the source tree, from where the recipe's install mapping takes it.
    """

    programs: tuple[str, ...]

    def commands(self, build: Build) -> tuple[Command, ...]:
        """The commands, in order."""


DRIVERS: dict[Backend, Driver] = {
    "scons": scons,
    "cmake": cmake,
    "make": make,
    "pep517": pep517,
    "setuptools": setuptools,
    "script": script,
}

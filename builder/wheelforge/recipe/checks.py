"""Checks: what a result has to be, as a recipe says it. Docstrings are also the schema's words."""

from __future__ import annotations

from typing import Literal, TypeAlias

from wheelforge.recipe.terms import Count, Table, Variable


class FileCheck(Table, frozen=True, kw_only=True, tag_field="type", tag="file"):
    """Exactly `count` files match the glob `path`."""

    path: str
    count: Count = 1


class ElfCheck(Table, frozen=True, kw_only=True, tag_field="type", tag="elf"):
    """Every file matching `path` (at least one) is ELF, holds the strings, needs the libraries."""

    path: str
    contains: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    min_alignment: Count = 0


class Primitives(Table, frozen=True, kw_only=True):
    """What oneDNN has to run while a check's code runs, by what it prints where `variable` is 1.

    `ran` maps a primitive (matmul, convolution …) to globs of implementations: it is run at least
    once, and each time by one that matches. No primitive at all may be run by one that matches a
    glob of `refused`.
    """

    ran: dict[str, tuple[str, ...]]
    refused: tuple[str, ...] = ("ref*", "*:ref*")
    variable: Variable = "DNNL_VERBOSE"


class PythonCheck(Table, frozen=True, kw_only=True, tag_field="type", tag="python"):
    """Code that must end without an exception in a clean environment with the wheel installed.

    `primitives` says which of a library's implementations have to be run by it.
    """

    name: str
    code: str
    primitives: Primitives | None = None


class CommandsCheck(Table, frozen=True, kw_only=True, tag_field="type", tag="commands"):
    """What the command of every compile said, as the build kept it.

    `every` are options that each command has to have: alternatives (globs) joined by `|`, and of
    -O, -std=, -march=, -mcpu= and -mtune= the last counts. `flags` are the target's, which no later
    -march may have replaced, but for sources that match the globs `own`. Only `sources` are looked
    at, and of them neither those that match `without` nor those in other `languages`. In these
    globs, of paths below the source tree or the work folder, `*` matches `/`, too. `required`: a
    build that kept no commands is refused instead of told.
    """

    every: tuple[str, ...] = ()
    flags: str = ""
    own: tuple[str, ...] = ()
    sources: tuple[str, ...] = ("*",)
    without: tuple[str, ...] = ()
    languages: tuple[Literal["c", "c++", "fortran"], ...] = ("c", "c++", "fortran")
    required: bool = False


class CMakeCheck(Table, frozen=True, kw_only=True, tag_field="type", tag="cmake"):
    """What the variables of CMakeCache.txt were when the build ended.

    `cache` maps each to its value: true or false, or a glob. NAME:TYPE asks for the type, too: an
    option that depends on others stays as it was asked for and becomes INTERNAL when it is dropped.
    `asked`: so do all of [build] options, where CMake is the backend; with another one a check that
    has nothing else is left out.
    `path` is a glob of the caches meant, below the source tree or the work folder; without it the
    outermost is. `required`: a build that kept none is refused instead of told.
    """

    cache: dict[str, str | bool] = {}
    asked: bool = False
    path: str = ""
    required: bool = False


Check: TypeAlias = FileCheck | ElfCheck | PythonCheck | CommandsCheck | CMakeCheck
BuildCheck: TypeAlias = CommandsCheck | CMakeCheck  # of how it was built
BUILD_CHECKS = (CommandsCheck, CMakeCheck)

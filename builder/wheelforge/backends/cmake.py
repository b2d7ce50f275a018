"""CMake with Ninja or make: configure, build, install into the staging folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.backends.options import switch
from wheelforge.graph import Command

if TYPE_CHECKING:
    from wheelforge.recipe import Build

programs: tuple[str, ...] = ("cmake", "ninja")  # make, where asked for, is the system's own


def commands(build: Build) -> tuple[Command, ...]:
    """Compilers and flags come from the environment (CC, CFLAGS …), options from the recipe."""
    source = f"@{{src}}/{build.directory}".rstrip("/")
    configure = (
        "cmake",
        "-S",
        source,
        "-B",
        "@{build}",
        "-G",
        build.generator,
        "-DCMAKE_INSTALL_PREFIX=@{prefix}",
        *(f"-D{name}={switch(value)}" for name, value in build.options.items()),
    )
    targets = ("--target", *build.targets) if build.targets else ()
    return (
        Command(label="configure", argv=configure),
        Command(
            label="build", argv=("cmake", "--build", "@{build}", "--parallel", "@{jobs}", *targets)
        ),
        Command(
            label="install", argv=("env", "DESTDIR=@{stage}", "cmake", "--install", "@{build}")
        ),
    )

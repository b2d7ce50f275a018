"""PEP 517: the project's own backend, called by uv in the build environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.backends.options import number
from wheelforge.graph import Command

if TYPE_CHECKING:
    from wheelforge.recipe import Build

programs: tuple[str, ...] = ("uv",)


def commands(build: Build) -> tuple[Command, ...]:
    """Options are config settings; a list gives the setting several times (setup-args …)."""
    settings = [
        f"--config-setting={name}={item}"
        for name, value in build.options.items()
        for item in (value if isinstance(value, list) else [number(value)])
    ]
    argv = (
        "uv",
        "build",
        "--wheel",
        "--no-build-isolation",
        "--offline",
        "--no-config",
        "--python",
        "@{env}/bin/python",
        "--out-dir",
        "@{wheels}",
        *settings,
        f"@{{src}}/{build.directory}".rstrip("/"),
    )
    return (Command(label="wheel", argv=argv, cwd="@{src}"),)

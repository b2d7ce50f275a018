"""The commands that come before any backend's: patches and the build environment."""

from __future__ import annotations

from wheelforge import programs
from wheelforge.graph import Command

_QUIET_UV = ("--offline", "--no-config", "--no-progress")


def patch_command(label: str, file: str, strip: int, tree: str) -> Command:
    """`patch` without guessing: no fuzz, no questions, no reversing, no scripts for ed.

    Just so dpkg-source(1) applies a source package's patches: what it accepts is accepted here.
    """
    argv = (
        str(programs.locate("patch")),
        "--unified",
        "--batch",
        "--forward",
        "--no-backup-if-mismatch",
        "--fuzz=0",
        f"--strip={strip}",
        f"--input={file}",
    )
    return Command(label=label, argv=argv, cwd=tree)


def environment_commands(python: str, wheels: list[str]) -> tuple[Command, ...]:
    """The commands that make an isolated environment holding exactly these wheels."""
    uv = str(programs.locate("uv"))
    make = Command(
        label="environment",
        cwd="@{work}",
        argv=(uv, "venv", *_QUIET_UV, "--no-project", "--clear", "--python", python, "@{env}"),
    )
    if not wheels:
        return (make,)
    install = Command(
        label="requirements",
        cwd="@{work}",
        argv=(
            uv,
            "pip",
            "install",
            *_QUIET_UV,
            "--no-deps",
            "--no-index",
            "--no-cache",
            "--link-mode=copy",
            "--python",
            "@{env}/bin/python",
            *wheels,
        ),
    )
    return make, install

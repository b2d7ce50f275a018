"""`wheelforge verify`: prove that a wheelhouse installs and works."""

from __future__ import annotations

from pathlib import Path

import typer

from wheelforge.cli import arguments as arg
from wheelforge.cli.words import echo
from wheelforge.pipeline import Home, verify


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("verify")(command)


def command(wheelhouse: arg.Wheelhouse = Path("wheelhouse")) -> None:
    """Install the lock from the index into a clean environment and run every recipe's checks."""
    passed = verify(wheelhouse, Home.open(), echo)
    echo(f"verified: {wheelhouse} ({len(passed)} checks passed)")

"""`wheelforge verify`: prove that a wheelhouse is what it says, installs and works."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wheelforge import signing
from wheelforge.cli import arguments as arg
from wheelforge.cli.words import echo
from wheelforge.pipeline import Home, verify


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("verify")(command)


def command(
    wheelhouse: arg.Wheelhouse = Path("wheelhouse"),
    key: Annotated[
        Path | None, typer.Option("--key", help="demand signatures by this public key (FILE.pub)")
    ] = None,
    install: Annotated[
        bool,
        typer.Option("--install/--no-install", help="install the lock and run the checks as well"),
    ] = True,
) -> None:
    """Hold wheels, lock, index, provenance and signatures against each other; then try them out."""
    public = signing.public(key) if key is not None else None
    passed = verify(wheelhouse, Home.open(), echo, key=public, install=install)
    echo(f"verified: {wheelhouse} ({len(passed)} checks passed)")

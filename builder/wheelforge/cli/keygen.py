"""`wheelforge keygen`: a key to sign with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wheelforge import signing
from wheelforge.cli.words import echo


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("keygen")(command)


def command(
    file: Annotated[
        Path, typer.Argument(help="where the private key goes; FILE.pub is for others")
    ],
) -> None:
    """Make an Ed25519 key: FILE, which nobody else may read, and FILE.pub to verify with."""
    public, name = signing.generate(file)
    echo(f"private key: {file} (keep it to yourself)")
    echo(f"public key:  {public}")
    echo(f"its id:      {name}")

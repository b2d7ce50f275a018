"""`wheelforge sign`: vouch for a wheelhouse with a key of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wheelforge import signing
from wheelforge.cli import arguments as arg
from wheelforge.cli.words import echo
from wheelforge.pipeline import Home
from wheelforge.pipeline.trust import sign


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("sign")(command)


def command(
    key: Annotated[Path, typer.Option("--key", help="a private key of wheelforge keygen")],
    wheelhouse: arg.Wheelhouse = Path("wheelhouse"),
) -> None:
    """Sign the provenance of the wheels that were built here, and the lock."""
    for path in sign(wheelhouse, signing.private(key), Home.open()):
        echo(f"  {path}")

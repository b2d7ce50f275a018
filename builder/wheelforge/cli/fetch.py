"""`wheelforge fetch`: bring all sources here, or into a file for machines without network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wheelforge.cli import arguments as arg
from wheelforge.cli.console import console_for
from wheelforge.pipeline import Limits, Options, fetch


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("fetch")(arg.planning(command))


def command(
    options: Options,
    bundle: Annotated[
        Path | None, typer.Option("--bundle", help="also write all of it to this file")
    ] = None,
) -> int:
    """Fetch every source and build requirement; `build --offline --bundle FILE` uses the file."""
    with console_for() as console:
        outcome = fetch(options, Limits(), bundle, console.tell)
        console.results(outcome)
    return outcome.exit_code

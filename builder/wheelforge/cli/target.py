"""`wheelforge target`: the processors wheels can be built for."""

from __future__ import annotations

import msgspec
import typer

from wheelforge import catalog
from wheelforge.cli.words import echo

app = typer.Typer(help="Processors to build for.", rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="target")


@app.command("list")
def show_list() -> None:
    """List the targets."""
    for name in catalog.targets():
        target = catalog.load_target(name)
        echo(f"{name:<14} {target.machine:<8} {target.archspec:<14} {target.summary}")


@app.command()
def show(name: str) -> None:
    """Show what a target means to each build system."""
    for key, value in msgspec.to_builtins(catalog.load_target(name)).items():
        text = " ".join(value) if isinstance(value, list) else value
        echo(f"{key:<10} {text}")

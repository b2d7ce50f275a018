"""`wheelforge toolchain`: the compilers wheels can be built with."""

from __future__ import annotations

import msgspec
import typer

from wheelforge import catalog, probe
from wheelforge.cli.words import echo
from wheelforge.errors import ForgeError
from wheelforge.pipeline import Home

app = typer.Typer(help="Compilers to build with.", rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="toolchain")


@app.command("list")
def show_list() -> None:
    """List the toolchains, and whether this machine has them."""
    memo = Home.open().memo
    for name in catalog.toolchains():
        toolchain = catalog.load_toolchain(name)
        try:
            found = f"{toolchain.family} {probe.compilers(toolchain, memo).version}"
        except ForgeError as error:
            found = f"not usable: {error.what}"
        echo(f"{name:<14} {found:<34} {toolchain.summary}")


@app.command()
def show(name: str) -> None:
    """Show a toolchain's programs, with versions and digests as found on this machine."""
    found = probe.compilers(catalog.load_toolchain(name), Home.open().memo)
    for key, value in msgspec.to_builtins(found).items():
        if isinstance(value, dict):
            for role, text in value.items():
                echo(f"{key}.{role:<10} {text}")
        else:
            echo(f"{key:<16} {value}")

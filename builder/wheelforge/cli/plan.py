"""`wheelforge plan`: what a build would do, and why; nothing is run."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from wheelforge.cli import arguments as arg
from wheelforge.cli.tree import tree
from wheelforge.cli.words import echo
from wheelforge.drawing import dot, mermaid
from wheelforge.errors import InputError, nearest
from wheelforge.pipeline import Home, Options, make_plan
from wheelforge.shell import script

_READABLE = 1 << 20  # bytes; what is longer is read by programs only
_GRAPHS = {"mermaid": mermaid, "dot": dot}


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("plan")(arg.planning(command))


def command(
    options: Options,
    json: arg.Json = False,
    graph: Annotated[str, typer.Option("--graph", help="mermaid or dot")] = "",
    shell: Annotated[
        bool, typer.Option("--shell", help="a shell script that does what the build would")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="without commands and environment")
    ] = False,
) -> None:
    """Show the steps of a build: versions, commands, environment, what is cached or why not."""
    if graph and graph not in _GRAPHS:
        raise InputError(
            f"there is no graph format '{graph}'", where="--graph", remedy=nearest(graph, _GRAPHS)
        )
    plan = make_plan(options, Home.open())
    if json:
        data = msgspec.json.encode(plan)
        echo(msgspec.json.format(data) if len(data) < _READABLE else data)
    elif graph:
        echo(_GRAPHS[graph](plan), end="")
    elif shell:
        echo(script(plan), end="", verbatim=True)
    else:
        echo(tree(plan, details=not quiet))

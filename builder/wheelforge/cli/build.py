"""`wheelforge build`: from requirement strings to a proven wheelhouse."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wheelforge.cli import arguments as arg
from wheelforge.cli.console import console_for
from wheelforge.errors import EXIT_BUG, ForgeError
from wheelforge.pipeline import Limits, build
from wheelforge.resources import parse_bytes


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("build")(command)


def command(  # noqa: PLR0913 - one parameter for each option
    requirements: arg.Requirements,
    target: arg.Target = "native",
    toolchain: arg.Toolchain = "native",
    python: arg.Python = "",
    pin: arg.Pins = None,
    acl: arg.Acl = "",
    openblas: arg.Openblas = "",
    onednn: arg.Onednn = "",
    source: arg.Sources = None,
    overlay: arg.Overlays = None,
    recipes: arg.Recipes = None,
    only: arg.Only = False,
    offline: arg.Offline = False,
    bundle: arg.Bundle = None,
    wheelhouse: arg.Wheelhouse = Path("wheelhouse"),
    jobs: arg.Jobs = 0,
    memory: arg.Memory = "",
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast/--keep-going", help="stop at the first failure")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="install and try what was built")
    ] = True,
) -> int:
    """Build wheels from source into a wheelhouse with a lock and an index."""
    options = arg.options(
        requirements,
        target=target,
        toolchain=toolchain,
        python=python,
        pins=pin,
        short={"acl": acl, "openblas": openblas, "onednn": onednn},
        sources=source,
        overlays=overlay,
        recipes=recipes,
        only=only,
        offline=offline,
        bundle=bundle,
    )
    limits = Limits(
        jobs=jobs, memory=parse_bytes(memory, "--memory") if memory else 0, fail_fast=fail_fast
    )
    with console_for() as console:
        made = build(
            options, limits, wheelhouse, console.tell, prove=verify, show=console.show_plan
        )
        console.summary(made, wheelhouse)
    error = made.outcome.error if made.outcome is not None else None
    if error is None:
        return 0
    return error.exit_code if isinstance(error, ForgeError) else EXIT_BUG

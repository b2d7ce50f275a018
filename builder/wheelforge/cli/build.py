"""`wheelforge build`: from requirement strings to a proven wheelhouse."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from wheelforge import signing
from wheelforge.cli import arguments as arg
from wheelforge.cli.console import console_for
from wheelforge.pipeline import Home, Limits, Options, build
from wheelforge.pipeline.trust import sign as sign_wheelhouse


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("build")(arg.planning(command))


def command(
    options: Options,
    bundle: arg.Bundle = None,
    wheelhouse: arg.Wheelhouse = Path("wheelhouse"),
    jobs: arg.Jobs = 0,
    memory: arg.Memory = "",
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast/--keep-going", help="stop at the first failure")
    ] = False,
    ccache: arg.Ccache = False,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="install and try what was built")
    ] = True,
    sign: Annotated[
        Path | None, typer.Option("--sign", help="sign provenance and lock with this private key")
    ] = None,
) -> int:
    """Build wheels from source into a wheelhouse with a lock and an index."""
    limits = Limits(
        jobs=jobs,
        memory=arg.amount(memory),
        fail_fast=fail_fast,
        ccache=ccache,
    )
    signer = signing.private(sign) if sign is not None else None  # before an hour is spent
    with console_for() as console:
        made = build(
            replace(options, bundle=bundle),
            limits,
            wheelhouse,
            console.tell,
            prove=verify,
            show=console.show_plan,
        )
        if signer is not None and made.files:
            sign_wheelhouse(wheelhouse, signer, Home.open())
        console.summary(made, wheelhouse)
    return made.outcome.exit_code if made.outcome is not None else 0

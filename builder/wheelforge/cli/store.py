"""`wheelforge store`: look at, explain, check and clean up results."""

from __future__ import annotations

import time
from typing import Annotated

import msgspec
import typer

from wheelforge.cli import arguments as arg
from wheelforge.cli.words import complain, echo
from wheelforge.errors import EXIT_REJECTED
from wheelforge.evidence import decode, told
from wheelforge.graph import FetchStep
from wheelforge.pipeline import Home, Options, make_plan
from wheelforge.resources import format_bytes
from wheelforge.store import collect, proof_of

app = typer.Typer(help="Results kept by content key.", rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Add the group."""
    app.command("why")(arg.planning(why))
    parent.add_typer(app, name="store")


@app.command()
def ls() -> None:
    """List the results in the store, newest first."""
    entries = sorted(Home.open().store.entries(), key=lambda entry: -entry.manifest.created)
    for entry in entries:
        made = entry.manifest
        size = format_bytes(sum(item.size for item in made.files))
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(made.created))
        echo(
            f"{made.key[:12]}  {made.step:<24} {made.version:<10} {size:>10}  {when}  "
            f"{made.seconds:8.1f} s"
        )


def why(options: Options) -> None:
    """Say for each step of a build why it would run: what changed since the nearest earlier one."""
    plan = make_plan(options, Home.open())
    for step in plan.steps:
        state = plan.states[step.id]
        if isinstance(step, FetchStep) and state.verdict == "cached":
            continue
        echo(f"{step.id} {step.version}: {state.verdict}")
        for reason in state.reasons:
            echo(f"    {reason}")


@app.command()
def evidence(
    name: Annotated[str, typer.Argument(help="a package, or the start of a result's key")],
    cmake: Annotated[bool, typer.Option("--cmake", help="CMake's variables instead")] = False,
) -> None:
    """Print how the newest result of a package was compiled, as compile_commands.json.

    @{src} is its source tree, @{work} the folder around it, @{dep.NAME} a dependency.
    """
    path = proof_of(Home.open().store, name)
    found = decode(path.read_bytes(), str(path))
    if cmake:
        for cache in found.caches:
            echo(f"# {cache.path}")
            for variable, setting in cache.settings.items():
                echo(f"{variable}:{setting.kind}={setting.value}")
        return
    if found.missing:
        complain(f"no commands were kept: {found.missing}")
    echo(msgspec.json.format(msgspec.json.encode(told(found))), verbatim=True)


@app.command()
def verify() -> None:
    """Read every file of every result and compare it with its manifest."""
    damaged = 0
    count = 0
    for folder, fault in Home.open().store.verify():
        count += 1
        if fault:
            damaged += 1
            echo(f"damaged: {folder.name}: {fault}")
    echo(f"{count} results, {damaged} damaged")
    if damaged:
        echo("they are built again when they are needed; store gc removes what is not")
        raise typer.Exit(EXIT_REJECTED)


@app.command()
def gc(
    keep_days: Annotated[float, typer.Option(min=0, help="younger than this stays")] = 14.0,
    dry_run: Annotated[bool, typer.Option(help="only say what would go")] = False,
) -> None:
    """Remove results, work folders and runs that no wheelhouse needs and that are old enough."""
    home = Home.open()
    garbage = collect(home.store, home.root, keep_days=keep_days, dry_run=dry_run)
    for item in garbage:
        echo(f"{item.path.name}  {item.days:.1f} days  {format_bytes(item.size)}")
    total = format_bytes(sum(item.size for item in garbage))
    echo(f"{'would remove' if dry_run else 'removed'} {len(garbage)} folders, {total}")

"""`wheelforge rebuild`: build a wheel again from its provenance and see whether it is the same."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from wheelforge.cli import arguments as arg
from wheelforge.cli.compare import told as compared
from wheelforge.cli.console import console_for
from wheelforge.cli.words import complain, echo, say
from wheelforge.errors import EXIT_REJECTED
from wheelforge.graph import Plan
from wheelforge.pipeline import Limits
from wheelforge.pipeline.again import Hints
from wheelforge.pipeline.rebuild import Rebuilt, rebuild

Wheel = Annotated[Path, typer.Argument(help="a wheel with its provenance beside it")]
Out = Annotated[Path | None, typer.Option("--out", help="keep the new wheel in this folder")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("rebuild")(command)


def command(
    wheel: Wheel,
    compare: Annotated[
        bool, typer.Option("--compare", help="show what differs, by file and section")
    ] = False,
    out: Out = None,
    target: Annotated[str, typer.Option("--target", help="its target, by another name")] = "",
    toolchain: Annotated[str, typer.Option("--toolchain", help="its toolchain likewise")] = "",
    sysroot: arg.Sysroot = "",
    python: arg.Python = "",
    source: arg.Sources = None,
    overlay: arg.Overlays = None,
    recipes: arg.Recipes = None,
    offline: arg.Offline = False,
    jobs: arg.Jobs = 0,
    memory: arg.Memory = "",
    json: arg.Json = False,
) -> int:
    """Plan the same again, say what is not as it was, build all of it anew, and compare.

    Ends with 0 where the same bytes came out, with 3 where they did not. Options say where what
    the provenance only names is on this machine.
    """
    hints = Hints(
        target=target,
        toolchain=toolchain,
        sysroot=sysroot,
        python=python,
        sources={name: Path(path) for name, path in arg.pairs("--source", source).items()},
        overlays=overlay or (),
        recipes=recipes or (),
        offline=offline,
    )
    tell = complain if json else say
    changes: list[str] = []
    with console_for() as console:

        def show(plan: Plan, found: Iterable[str]) -> None:
            changes.extend(found)
            if not json:
                console.show_plan(plan)
            told = "\n".join(f"not as it was: {text}" for text in changes)
            tell(told or "all inputs are as its provenance says")

        limits = Limits(jobs=jobs, memory=arg.amount(memory))
        listener = (lambda _event: None) if json else console.tell
        done = rebuild(wheel, hints, limits, listener, keep=out, show=show)
        if done.outcome.error is not None:
            console.results(done.outcome, done.plan)
            return done.outcome.exit_code
    if json:
        echo(msgspec.json.format(msgspec.json.encode(_record(done, changes))))
    else:
        _say(done, compare=compare)
    return 0 if done.same else EXIT_REJECTED


class _Record(msgspec.Struct):
    """What --json tells."""

    same: bool
    sha256: str
    again: str
    changes: tuple[str, ...]
    left: tuple[str, ...]
    comparison: object


def _record(done: Rebuilt, changes: list[str]) -> _Record:
    return _Record(done.same, done.sha256, done.again, tuple(changes), done.left, done.comparison)


def _say(done: Rebuilt, *, compare: bool) -> None:
    if done.same:
        echo(f"the same bytes: sha256:{done.sha256}")
        return
    for text in done.left:
        echo(f"not as it was: {text}")
    if compare and done.comparison is not None:
        echo("\n".join(compared(done.comparison)))
    echo(f"other bytes: sha256:{done.sha256} was, sha256:{done.again} is")
    if not compare:
        echo("  --compare shows what differs, --out FOLDER keeps the new wheel")

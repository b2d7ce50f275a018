"""`wheelforge report`: one page about one run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from wheelforge.cli import arguments as arg
from wheelforge.cli.words import echo
from wheelforge.pipeline import Home
from wheelforge.pipeline.report import examined, report
from wheelforge.report import Figures
from wheelforge.resources import format_bytes, format_seconds


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("report")(command)


def command(
    run: Annotated[str, typer.Argument(help="a run's id or folder; default: the newest")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="default: report.html in the run's folder")
    ] = None,
    json: arg.Json = False,
) -> None:
    """Write an HTML page about a run: what ran when, what it waited for, what memory it held.

    With --json the run's figures are printed; a page is written only where --output names one.
    """
    home = Home.open()
    if json and output is None:
        found = examined(run, home)
    else:
        found, path = report(run, output, home)
    if json:
        echo(msgspec.json.format(msgspec.json.encode(found)))
    else:
        echo("\n".join([str(path), *summary(found)]))


def summary(found: Figures) -> tuple[str, ...]:
    """A run in five lines."""
    what = ", ".join(found.requested) or found.run
    ended = ", ".join(f"{count} {ending}" for ending, count in found.steps.items())
    busy = "not recorded" if found.busy is None else f"{found.busy:.0%} busy"
    peak = "not recorded" if found.peak is None else f"peak {format_bytes(found.peak)}"
    cached = f", {found.cache_hits} from the compiler cache" if found.cache_hits else ""
    limit = f" of {format_bytes(found.memory)}" if found.memory else ""
    done = "".join(f", {count} {action}" for action, count in found.pressure.items())
    path = " → ".join(f"{link.step} {format_seconds(link.seconds)}" for link in found.critical)
    return (
        f"{what} for {found.target}: {found.result} after {format_seconds(found.wall)}",
        f"steps: {ended}",
        f"jobs: {found.jobs}, {busy}; {found.compiles} compiles, {found.links} links{cached}",
        f"memory: {peak}{limit}{done}, {found.retries} tried again",
        f"critical path: {path or 'nothing ran'}",
    )

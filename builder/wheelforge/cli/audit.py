"""`wheelforge audit`: what wheels and libraries need of a processor, whoever built them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from wheelforge import catalog
from wheelforge.audit import Audit, Extent, Library, audit
from wheelforge.audit.permits import read_permits
from wheelforge.cli import arguments as arg
from wheelforge.cli.words import echo
from wheelforge.errors import RejectedError
from wheelforge.isa.verdict import NAMED

Paths = Annotated[list[Path], typer.Argument(help="wheels, shared libraries, or folders of them")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("audit")(command)


def command(
    paths: Paths,
    isa: Annotated[
        bool, typer.Option("--isa", help="instruction sets; all there is to look at so far")
    ] = True,
    target: Annotated[
        str,
        typer.Option("--target", help="the processor they are meant for; default: none is judged"),
    ] = "",
    recipe: Annotated[
        str, typer.Option("--recipe", help="allow what this recipe chooses at run time everywhere")
    ] = "",
    every: Annotated[bool, typer.Option("--all", help="name every function")] = False,
    recipes: arg.Recipes = None,
    overlay: arg.Overlays = None,
    json: arg.Json = False,
) -> None:
    """Decode all machine code: which instruction sets, in which functions, and for which target.

    Ends with 3 where code outside of the target's features is not behind a choice at run time.
    """
    del isa
    processor = catalog.load_target(target) if target else None
    permits = read_permits(catalog.open_catalog(recipes or (), overlay or ()), processor, recipe)
    done = []
    for path in paths:
        done.append(audit(path, permits, processor))
        if not json:
            echo("\n".join(_told(done[-1], every=every)))
    if json:
        echo(msgspec.json.format(msgspec.json.encode(done)))
    if any(item.refused for item in done):
        raise _refusal(done)


def _refusal(done: list[Audit]) -> RejectedError:
    errors = [finding for item in done for finding in item.findings if finding.level == "error"]
    lines = [f"{item.where}: {item.what}" for item in errors]
    return RejectedError(
        "\n  ".join([f"refused for {done[0].target}", *lines]),
        where=", ".join(item.path for item in done if item.refused),
        remedy="\n  ".join(dict.fromkeys(item.mend for item in errors)),
    )


def _told(found: Audit, *, every: bool) -> Iterator[str]:
    code = sum(library.isa.code for library in found.libraries)
    decoding = sum(library.seconds for library in found.libraries)
    for library in found.libraries:
        yield from _library(library, judged=bool(found.target), every=every)
    for finding in found.findings:
        if finding.level != "error":  # those end the command, and are told then
            yield f"{finding.level}: {finding.where}: {finding.what}"
    verdict = "not judged: no --target"
    if found.target:
        verdict = f"{'REFUSED' if found.refused else 'fits'} {found.target}"
    yield (
        f"{Path(found.path).name}: {verdict}; {len(found.libraries)} libraries, "
        f"{code / 1e6:.1f} MB of code in {decoding:.2f} s, {found.seconds:.1f} s with unpacking"
    )


def _library(library: Library, *, judged: bool, every: bool) -> Iterator[str]:
    yield f"{library.name}  {library.machine}, {library.isa.code / 1e6:.1f} MB of code"
    yield from (f"  {text}" for text in library.identity)
    for extent in library.isa.extensions:
        yield (
            f"  {extent.extension:<12} {extent.instructions:>8} in {extent.functions} functions"
            + (_verdict(extent) if judged else _dispatched(extent))
        )
        for places in (extent.outside, extent.doubtful):
            shown = places if every else places[:NAMED]
            for place in shown:
                yield (
                    f"    {place.symbol}  {place.count}, from {place.address}: {place.instruction}"
                )
            if len(places) > len(shown):
                yield f"    … and {len(places) - len(shown)} more (--all)"


def _verdict(extent: Extent) -> str:
    told = _dispatched(extent)
    if extent.outside:
        told += f", {len(extent.outside)} OUTSIDE of the target"
    if extent.doubtful:
        told += f", {len(extent.doubtful)} doubtful"
    return told


def _dispatched(extent: Extent) -> str:
    if not extent.dispatched:
        return ""
    return f", {extent.dispatched} behind a choice at run time ({', '.join(extent.by)})"

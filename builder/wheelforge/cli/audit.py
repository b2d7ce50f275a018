"""`wheelforge audit`: what is wrong with wheels and libraries, whoever built them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from wheelforge import atomic, catalog
from wheelforge.audit import Audit, Extent, Finding, Library, audit
from wheelforge.audit.expected import Expected
from wheelforge.audit.inputs import wheels
from wheelforge.audit.permits import read_permits
from wheelforge.audit.sarif import sarif
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
        bool | None,
        typer.Option("--isa/--no-isa", help="instruction sets only, or all but these"),
    ] = None,
    target: Annotated[
        str,
        typer.Option("--target", help="the processor they are meant for; default: any of theirs"),
    ] = "",
    recipe: Annotated[
        str, typer.Option("--recipe", help="allow what this recipe chooses at run time everywhere")
    ] = "",
    every: Annotated[bool, typer.Option("--all", help="name every function and place")] = False,
    sarif_file: Annotated[
        Path | None, typer.Option("--sarif", help="write the findings there, as SARIF 2.1.0")
    ] = None,
    recipes: arg.Recipes = None,
    overlay: arg.Overlays = None,
    json: arg.Json = False,
) -> None:
    """Judge wheels by what installs, loads and runs them; decode all machine code.

    Ends with 3 where there is an error: docs/audit.md lists the rules.
    """
    processor = catalog.load_target(target) if target else None
    known = catalog.open_catalog(recipes or (), overlay or ())
    permits = read_permits(known, processor, recipe)
    every_wheel = [wheel for path in paths for wheel, _ in wheels(path)]
    expected = Expected(known, permits, processor, every_wheel)
    asked = None if isa else expected.of
    done = []
    for path in paths:
        done.append(audit(path, permits, processor, asked=asked, isa=isa is not False))
        if not json:
            echo("\n".join(_told(done[-1], every=every)))
    if json:
        echo(msgspec.json.format(msgspec.json.encode(done)))
    if sarif_file is not None:
        atomic.write_if_changed(sarif_file, sarif(done))
    if any(item.refused for item in done):
        raise _refusal(done)


def _refusal(done: list[Audit]) -> RejectedError:
    errors = [finding for item in done for finding in item.findings if finding.level == "error"]
    lines = [f"{item.where}: {item.what}" for item in errors]
    whom = f" for {done[0].target}" if done[0].target else ""
    return RejectedError(
        "\n  ".join([f"refused{whom}", *lines]),
        where=", ".join(item.path for item in done if item.refused),
        remedy="\n  ".join(dict.fromkeys(item.mend for item in errors)),
    )


def _told(found: Audit, *, every: bool) -> Iterator[str]:
    code = sum(library.isa.code for library in found.libraries)
    decoding = sum(library.seconds for library in found.libraries)
    for library in found.libraries:
        yield from _library(library, judged=bool(found.target), every=every)
    for _, alike in groupby(found.findings, key=lambda item: (item.level, item.check)):
        yield from _findings(list(alike), every=every)
    decoded = (
        f"{len(found.libraries)} libraries, {code / 1e6:.1f} MB of code in {decoding:.2f} s, "
        if found.libraries
        else ""
    )
    yield f"{Path(found.path).name}: {_judgement(found)}; {decoded}{found.seconds:.1f} s in all"


def _judgement(found: Audit) -> str:
    counts = [f"{count} {level}{'s' * (count > 1)}" for level in ("error", "warning", "note")
              if (count := sum(item.level == level for item in found.findings))]  # fmt: skip
    told = f" ({', '.join(counts)})" if counts else ""
    if not found.target and not found.rules:
        return f"not judged: no --target{told}"
    whom = f" {found.target}" if found.target else ""
    return ("REFUSED" if found.refused else "fits" if whom else "sound") + whom + told


def _findings(alike: list[Finding], *, every: bool) -> Iterator[str]:
    """Those of one rule: why and how to mend it once, of notes only the first place."""
    first = alike[0]
    shown = alike[:1] if first.level == "note" and not every else alike
    for item in shown:
        yield f"{item.level}: {item.where}: {item.what}  [{item.check}]"
    if len(alike) > len(shown):
        yield f"    … and {len(alike) - len(shown)} more (--all)"
    if first.level != "note":
        yield from (f"    {text}" for text in (first.why, first.mend) if text)


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

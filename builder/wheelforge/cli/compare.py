"""`wheelforge compare`: whether two wheels, folders or files are the same, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from wheelforge.cli import arguments as arg
from wheelforge.cli.words import echo
from wheelforge.compare import Comparison, Detail, Difference, compare
from wheelforge.errors import EXIT_REJECTED

One = Annotated[Path, typer.Argument(metavar="A", help="a wheel, a folder, or a file")]
Other = Annotated[Path, typer.Argument(metavar="B", help="what to hold it against")]

_SHOWN = 40  # files


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("compare")(command)


def command(
    a: One,
    b: Other,
    every: Annotated[bool, typer.Option("--all", help="name every file")] = False,
    json: arg.Json = False,
) -> int:
    """Compare by file, by how the zip was made, and by section and function of ELF files.

    Ends with 0 where both are the same, with 3 where they are not.
    """
    found = compare(a, b)
    if json:
        echo(msgspec.json.format(msgspec.json.encode(found)))
    else:
        echo("\n".join(told(found, every=every)))
    return 0 if found.equal else EXIT_REJECTED


def told(found: Comparison, *, every: bool = False) -> Iterator[str]:
    """A comparison in lines."""
    for letter, side in (("a", found.a), ("b", found.b)):
        digest = f"  sha256:{side.sha256}, {side.size} bytes" if side.sha256 else ""
        yield f"{letter}  {side.path}{digest}"
    shown = found.differences if every else found.differences[:_SHOWN]
    for item in shown:
        yield from _difference(item)
    if len(found.differences) > len(shown):
        yield f"… and {len(found.differences) - len(shown)} more files (--all)"
    if found.packing:
        yield "the zip files themselves differ in"
        yield from map(_detail, found.packing)
    yield from (f"note: {text}" for text in found.notes)
    files = f"{found.files} files" if found.files != 1 else "1 file"
    if found.equal:
        yield f"the same: {files}"
    else:
        yield f"different: {len(found.differences)} differ, {files} the same"


def _difference(item: Difference) -> Iterator[str]:
    if item.kind != "differs":
        size = item.sizes[0] if item.sizes[0] is not None else item.sizes[1]
        yield f"{item.name}: {item.kind}, {size} bytes"
        return
    yield f"{item.name}: differs, {item.sizes[0]} and {item.sizes[1]} bytes"
    yield from map(_detail, item.details)


def _detail(item: Detail) -> str:
    why = f" ({item.why})" if item.why else ""
    return f"  {item.where}: {item.what}{why}"

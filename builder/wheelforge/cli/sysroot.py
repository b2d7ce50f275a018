"""`wheelforge sysroot`: other machines' systems, to build wheels for them on this one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Annotated

import msgspec
import typer

from wheelforge import catalog, sysroots
from wheelforge.cli import arguments as arg
from wheelforge.cli.words import echo, say
from wheelforge.pipeline import Home
from wheelforge.resources import format_bytes
from wheelforge.sysroot import Definition, Sysroot
from wheelforge.sysroots import Manifest

app = typer.Typer(help="Systems of other machines to build for.", rich_markup_mode=None)

_DIGITS = 12


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="sysroot")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="a name of sysroot list, or a .toml file")],
    again: Annotated[
        bool, typer.Option("--again", help="also when it is there: a new one takes its place")
    ] = False,
) -> None:
    """Make a sysroot of a distribution's packages, from the archives this machine's apt has."""
    definition = catalog.load_sysroot(name)
    made, fresh = asyncio.run(sysroots.create(definition, Home.open().root, say, again=again))
    if fresh:
        say(
            f"{definition.name}: {_holds(made.sysroot)}, {len(made.sysroot.packages)} packages, "
            f"{format_bytes(made.size)} in {made.seconds:.1f} s"
        )
    else:
        other = "" if made.definition == definition else ", from another definition"
        say(f"{definition.name} is there since {_day(made.created)}{other}; --again makes it anew")
    say(made.sysroot.path)


@app.command("list")
def show_list(json: arg.Json = False) -> None:
    """List the sysroots that can be created, and those that were."""
    made = {item.sysroot.name: item for item in sysroots.listing(Home.open().root)}
    if json:
        echo(msgspec.json.encode(list(made.values())).decode())
        return
    defined = {name: catalog.load_sysroot(name) for name in catalog.sysroots()}
    defined |= {name: item.definition for name, item in made.items()}
    width = max(map(len, defined))
    for name, definition in sorted(defined.items()):
        echo(
            f"{name:<{width}} {definition.machine:<8} {definition.suite:<10} " + _state(made, name)
        )


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="a name of sysroot list, or a folder")],
    json: arg.Json = False,
) -> None:
    """Show what is in a sysroot: glibc, Pythons, folders of libraries, packages."""
    root = Home.open().root
    made = {item.sysroot.name: item for item in sysroots.listing(root)}
    found: Manifest | Definition | Sysroot
    if name in made:
        found = made[name]
    elif name in catalog.sysroots():
        found = catalog.load_sysroot(name)
    else:
        found = sysroots.find(name, root)
    if json:
        echo(msgspec.json.encode(found).decode())
        return
    for key, value in _rows(found):
        echo(f"{key:<13} {value}")


def _state(made: dict[str, Manifest], name: str) -> str:
    if name not in made:
        return f"not created           {catalog.load_sysroot(name).summary}"
    item = made[name]
    return f"{_holds(item.sysroot)}  {format_bytes(item.size)}  {item.sysroot.identity[:_DIGITS]}"


def _holds(sysroot: Sysroot) -> str:
    """`"glibc 2.41, Python 3.13"`."""
    pythons = " and ".join(sysroot.pythons)
    return f"{sysroot.libc}, Python {pythons}" if pythons else sysroot.libc


def _rows(found: Manifest | Definition | Sysroot) -> Iterator[tuple[str, str]]:
    match found:
        case Manifest():
            yield from _of_sysroot(found.sysroot)
            yield from _of_definition(found.definition)
            yield "archive", found.archive
            yield "created", f"{_day(found.created)}, in {found.seconds:.1f} s"
            yield "size", format_bytes(found.size)
            for item in found.sysroot.packages:
                yield "package", f"{item.name} {item.version} sha256:{item.sha256}"
        case Definition():
            yield "name", found.name
            yield "machine", found.machine
            yield from _of_definition(found)
            yield "created", f"no: wheelforge sysroot create {found.name}"
        case Sysroot():
            yield from _of_sysroot(found)


def _of_sysroot(sysroot: Sysroot) -> Iterator[tuple[str, str]]:
    yield "name", sysroot.name
    yield "path", sysroot.path
    yield "machine", sysroot.machine
    yield "libc", sysroot.libc
    yield "triplet", sysroot.triplet
    yield "identity", sysroot.identity
    for folder in sysroot.folders:
        yield "folder", folder
    for series, path in sysroot.pythons.items():
        yield "python", f"{series} {path}"


def _of_definition(definition: Definition) -> Iterator[tuple[str, str]]:
    yield "summary", definition.summary
    yield "suite", f"{definition.distribution} {definition.suite}"
    yield "architecture", definition.architecture
    yield "asked for", " ".join(definition.packages)


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))

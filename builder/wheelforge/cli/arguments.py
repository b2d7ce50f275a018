"""The options every planning verb shares, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from wheelforge.errors import InputError
from wheelforge.pipeline import Options

Requirements: TypeAlias = Annotated[
    list[str], typer.Argument(help="what to build: a recipe's name, or name==version")
]
Target: TypeAlias = Annotated[
    str, typer.Option("--target", help="the processor (wheelforge target list), or a .toml file")
]
Toolchain: TypeAlias = Annotated[
    str, typer.Option("--toolchain", help="the compilers (toolchain list), or a .toml file")
]
Python: TypeAlias = Annotated[
    str, typer.Option("--python", help="the Python wheels are for: 3.12 or a path")
]
Pins: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--pin", help="NAME=VERSION fixes a dependency; NAME=off leaves it out"),
]
Acl: TypeAlias = Annotated[str, typer.Option("--acl", help="short for --pin acl=VERSION")]
Openblas: TypeAlias = Annotated[
    str, typer.Option("--openblas", help="short for --pin openblas=VERSION")
]
Onednn: TypeAlias = Annotated[str, typer.Option("--onednn", help="short for --pin onednn=VERSION")]
Sources: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--source", help="NAME=PATH takes a recipe's source from a folder or archive"),
]
Overlays: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--overlay", help="recipes laid over the shipped ones: a name, or a folder"),
]
Recipes: TypeAlias = Annotated[
    list[Path] | None, typer.Option("--recipes", help="a folder with more recipes")
]
Only: TypeAlias = Annotated[bool, typer.Option("--only", help="without companion packages")]
Offline: TypeAlias = Annotated[bool, typer.Option("--offline", help="never use the network")]
Bundle: TypeAlias = Annotated[
    Path | None, typer.Option("--bundle", help="take sources from a file made by wheelforge fetch")
]
Wheelhouse: TypeAlias = Annotated[
    Path, typer.Option("--wheelhouse", help="where wheels, lock and index go")
]
Jobs: TypeAlias = Annotated[
    int, typer.Option("--jobs", "-j", min=0, help="compilers at once; 0: all processors")
]
Memory: TypeAlias = Annotated[
    str, typer.Option("--memory", help='what builds may use, as "24 GiB"; default: what is free')
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="machine-readable output")]


def options(  # noqa: PLR0913 - one parameter for each option
    requirements: Sequence[str],
    *,
    target: str,
    toolchain: str,
    python: str,
    pins: Sequence[str] | None,
    short: dict[str, str],
    sources: Sequence[str] | None,
    overlays: Sequence[str] | None,
    recipes: Sequence[Path] | None,
    only: bool,
    offline: bool = False,
    bundle: Path | None = None,
) -> Options:
    """What was typed, with NAME=VALUE options taken apart; InputError where one is malformed."""
    fixed = pairs("--pin", pins) | {name: value for name, value in short.items() if value}
    found = {name: Path(path) for name, path in pairs("--source", sources).items()}
    for name, path in found.items():
        if not path.exists():
            raise InputError(f"there is no {path}", where=f"--source {name}")
    return Options(
        requirements=requirements,
        target=target,
        toolchain=toolchain,
        python=python,
        pins=fixed,
        sources=found,
        overlays=overlays or (),
        recipes=recipes or (),
        only=only,
        offline=offline,
        bundle=bundle,
    )


def pairs(option: str, values: Sequence[str] | None) -> dict[str, str]:
    """NAME=VALUE words as a dictionary."""
    found: dict[str, str] = {}
    for text in values or ():
        name, equals, value = text.partition("=")
        if not name or not equals or not value:
            raise InputError(f"'{text}' is not NAME=VALUE", where=option)
        found[name] = value
    return found

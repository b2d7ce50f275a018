"""`wheelforge recipe`: list, show, lint recipes, and print their JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from wheelforge import catalog, digest, probe
from wheelforge.cli import arguments as arg
from wheelforge.cli.words import echo
from wheelforge.errors import EXIT_INPUT, ForgeError, InputError
from wheelforge.pipeline import Home, situation
from wheelforge.recipe import Document
from wheelforge.recipe.lint import faults
from wheelforge.recipe.schema import schema

app = typer.Typer(help="Look at recipes, check them.", rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="recipe")


@app.command("list")
def show_list(overlay: arg.Overlays = None, recipes: arg.Recipes = None) -> None:
    """List all recipes with their newest version."""
    library = catalog.open_catalog(recipes or (), overlay or ())
    for name in sorted(library.files):
        document = library.document(name)
        summary = next(
            (
                layer.data["summary"]
                for layer in reversed(document.layers)
                if "summary" in layer.data
            ),
            "",
        )
        echo(f"{name:<16} {document.versions[0]:<12} {document.kind:<8} {summary}")


@app.command()
def show(
    name: str,
    version: Annotated[str, typer.Option(help="default: the newest known to work")] = "",
    target: arg.Target = "native",
    toolchain: arg.Toolchain = "native",
    python: arg.Python = "",
    overlay: arg.Overlays = None,
    recipes: arg.Recipes = None,
    origin: Annotated[bool, typer.Option(help="say which file and line set each value")] = False,
) -> None:
    """Show a recipe's effective values, with all conditions decided."""
    document = catalog.open_catalog(recipes or (), overlay or ()).document(name, "recipe show")
    version = version or document.versions[0]
    if version not in document.versions:
        raise InputError(
            f"{name} has no version {version}",
            where="--version",
            remedy="known versions: " + ", ".join(document.versions),
        )
    home = Home.open()
    processor = catalog.load_target(target)
    compilers = probe.compilers(catalog.load_toolchain(toolchain), home.memo)
    conditions = situation(
        processor, compilers.words, probe.interpreter(python, home.memo), version
    )
    document.evaluate(conditions)  # a faulty recipe is told as such
    for key, value, where in document.origins(conditions):
        text = f"{key} = {json.dumps(value, ensure_ascii=False)}"
        echo(f"{text:<70}  # {where}" if origin else text)


@app.command()
def lint(
    names: Annotated[list[str] | None, typer.Argument(help="recipes; default: all")] = None,
    overlay: arg.Overlays = None,
    recipes: arg.Recipes = None,
) -> None:
    """Check recipes: every key, type, condition, version, digest, patch file and reference."""
    library = catalog.open_catalog(recipes or (), overlay or ())
    found = 0
    wanted = sorted(names or library.files)
    for name in wanted:
        for fault in _faults(library, name):
            echo(f"error: {fault}")
            found += 1
    echo(f"{len(wanted)} recipes, {found} errors")
    if found:
        raise typer.Exit(EXIT_INPUT)


@app.command("schema")
def show_schema() -> None:
    """Print the JSON Schema of recipe files, for editors."""
    echo(json.dumps(schema(), indent=2))


def _faults(library: catalog.Catalog, name: str) -> Iterator[str]:
    try:
        document: Document = library.document(name, "recipe lint")
        yield from faults(document, frozenset(library.files), _file_digest, catalog.target_values())
    except ForgeError as error:
        yield str(error)


def _file_digest(path: Path) -> str:
    return digest.of_file(path)

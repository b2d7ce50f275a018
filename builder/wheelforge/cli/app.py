"""Puts the verbs together, importing only the one that is called."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import typer

from wheelforge.errors import InputError

# verb → module; a module has a function `register(app)` that adds its command or group
VERBS = {
    "build": "build",
    "plan": "plan",
    "fetch": "fetch",
    "doctor": "doctor",
    "verify": "verify",
    "sign": "sign",
    "keygen": "keygen",
    "audit": "audit",
    "compare": "compare",
    "rebuild": "rebuild",
    "recipe": "recipe",
    "target": "target",
    "toolchain": "toolchain",
    "sysroot": "sysroot",
    "store": "store",
    "report": "report",
    "step": "step",
}


def invoke(words: Sequence[str]) -> int:
    """Run the verb in `words`; its exit code. A word that means nothing is an InputError."""
    app = typer.Typer(
        name="wheelforge",
        help="Builds Python wheels and the native libraries below them, from source, for one CPU.",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_main)
    called = next((word for word in words if not word.startswith("-")), "")
    for verb in [called] if called in VERBS else VERBS:
        module = importlib.import_module(f"wheelforge.cli.{VERBS[verb]}")
        module.register(app)
    command = typer.main.get_command(app)
    try:  # calling the app would turn Ctrl-C and a closed pipe into exit codes of its own
        with command.make_context("wheelforge", list(words) or ["--help"]) as context:
            code = command.invoke(context)
    except typer.Exit as done:
        return done.exit_code
    except typer.TyperException as error:
        known = f" {called}" if called in VERBS else ""
        raise InputError(error.format_message(), remedy=f"wheelforge{known} --help") from error
    return code if isinstance(code, int) else 0


def _main(
    version: bool = typer.Option(False, "--version", "-V", help="Show the version."),
) -> None:
    """Build Python wheels and the native libraries below them, from source, for one CPU."""
    del version  # answered before typer was imported

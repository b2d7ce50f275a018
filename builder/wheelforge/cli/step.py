"""`wheelforge step`: run one step of a plan file; the door for batch jobs and for a second look."""

from __future__ import annotations

from pathlib import Path

import msgspec
import typer

from wheelforge.cli import arguments as arg
from wheelforge.cli.console import console_for
from wheelforge.cli.words import echo
from wheelforge.errors import InputError, nearest
from wheelforge.graph import Plan
from wheelforge.pipeline import Home, Limits
from wheelforge.untrusted import contents, decoded
from wheelforge.untrusted.limits import PLAN_BYTES

app = typer.Typer(help="Single steps of a plan.", rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="step")


@app.command()
def run(
    plan: Path,
    step: str,
    jobs: arg.Jobs = 0,
    memory: arg.Memory = "",
    ccache: arg.Ccache = False,
    offline: arg.Offline = False,
) -> int:
    """Run one step of PLAN (a run's plan.json, or the output of plan --json)."""
    from wheelforge.pipeline.run import run_step

    loaded = _load(plan)
    if loaded.step(step) is None:
        raise InputError(
            f"there is no step '{step}'",
            where=str(plan),
            remedy=nearest(step, [item.id for item in loaded.steps]),
        )
    limits = Limits(jobs=jobs, memory=arg.amount(memory), ccache=ccache)
    with console_for() as console:
        outcome = run_step(loaded, step, Home.open(offline=offline), limits, console.tell)
        console.results(outcome)
    return outcome.exit_code


@app.command("list")
def show_list(plan: Path) -> None:
    """List the steps of PLAN with what each needs."""
    for item in _load(plan).steps:
        echo(f"{item.id:<28} {' '.join(item.needs)}")


def _load(plan: Path) -> Plan:
    try:
        return decoded(contents(plan, PLAN_BYTES), Plan)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(plan)) from error
    except msgspec.DecodeError as error:
        raise InputError(
            f"is not a plan: {error}",
            where=str(plan),
            remedy="a run's plan.json is one, and so is what wheelforge plan --json prints",
        ) from error

"""The road: resolve → plan → execute { fetch · build · repair · check } → lock → index → verify."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wheelforge.events import Listener, Notice
from wheelforge.graph import BuildStep
from wheelforge.pipeline.lacks import refuse
from wheelforge.pipeline.options import Home, Limits, Options
from wheelforge.pipeline.prepare import make_plan, situation
from wheelforge.sandbox import offline_prefix

if TYPE_CHECKING:
    from wheelforge.graph import Plan
    from wheelforge.pipeline.run import Outcome
    from wheelforge.signing import Key

__all__ = [
    "Built",
    "Home",
    "Limits",
    "Options",
    "build",
    "fetch",
    "make_plan",
    "situation",
    "verify",
]


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a build came to: the plan, the run (None: nothing had to run), what was written.

    `prefixes` are where the requested libraries live; they are in no wheelhouse.
    """

    plan: Plan
    outcome: Outcome | None
    prefixes: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    changed: bool = False
    proven: tuple[str, ...] = ()


def build(
    options: Options,
    limits: Limits,
    wheelhouse: Path,
    listener: Listener,
    *,
    prove: bool = True,
    show: Callable[[Plan], None] = lambda _plan: None,
) -> Built:
    """Build what was asked for into a wheelhouse. Raises ForgeError before anything ran.

    Failures of steps are in `outcome.error`; the wheelhouse is only written when there are none.
    """
    home = Home.open(offline=options.offline)
    adopt(options, home)
    plan = make_plan(options, home)
    from wheelforge.pipeline.deliver import deliver, prefixes
    from wheelforge.pipeline.house import proven, ready

    ready(wheelhouse, plan)
    refuse(plan)
    show(plan)
    for text in _notes(plan):
        listener(Notice(text=text))
    outcome = None
    if plan.todo:
        from wheelforge.pipeline.run import run

        outcome = run(plan, home, limits, listener)
        if outcome.error is not None:
            return Built(plan=plan, outcome=outcome)

    def tell(text: str) -> None:
        listener(Notice(text=text))

    files, changed = deliver(plan, home, wheelhouse, tell)
    due = prove and files and (changed or not proven(wheelhouse))
    passed = verify(wheelhouse, home, tell) if due else []
    return Built(
        plan=plan,
        outcome=outcome,
        prefixes=prefixes(plan, home),
        files=tuple(files),
        changed=changed,
        proven=tuple(passed),
    )


def _notes(plan: Plan) -> Iterator[str]:
    """What the admin should know before a run: what will be missing, and what is not held back."""
    yield from (f"{lack.what}: {lack.remedy}" for lack in plan.lacks)
    builds = [step for step in plan.todo if isinstance(step, BuildStep)]
    offline = any(command.offline for step in builds for command in step.commands)
    if offline and not offline_prefix():
        yield (
            "builds are not cut off from the network: this machine allows no network namespaces "
            "(unshare --user --net)"
        )


def verify(
    wheelhouse: Path,
    home: Home,
    tell: Callable[[str], None],
    *,
    key: Key | None = None,
    install: bool = True,
) -> list[str]:
    """Hold everything in a wheelhouse against everything else; see `trust.verify`."""
    from wheelforge.pipeline import trust

    return trust.verify(wheelhouse, home, tell, key=key, install=install)


def fetch(options: Options, limits: Limits, bundle: Path | None, listener: Listener) -> Outcome:
    """Bring every source of a plan into the cache, and pack them into a bundle."""
    from wheelforge.graph import FetchStep, State
    from wheelforge.pipeline.run import run

    home = Home.open(offline=options.offline)
    plan = make_plan(options, home)
    fetches = tuple(step for step in plan.steps if isinstance(step, FetchStep))
    states = {
        step.id: State(verdict="cached" if home.sources.have(step.what) else "todo")
        for step in fetches
    }
    import msgspec

    only = msgspec.structs.replace(plan, steps=fetches, states=states)
    outcome = run(only, home, limits, listener)
    if outcome.error is None and bundle is not None:
        home.sources.export(bundle, [step.what for step in fetches])
        listener(Notice(text=f"bundle: {bundle}"))
    return outcome


def adopt(options: Options, home: Home) -> None:
    """Take in the bundle the user named, if any."""
    if options.bundle is not None:
        home.sources.adopt(options.bundle)

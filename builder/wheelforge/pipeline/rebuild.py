"""Builds a wheel again from what its provenance says, with nothing of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from wheelforge import atomic, digest, provenance
from wheelforge.compare import Comparison, compare
from wheelforge.errors import InputError, RejectedError
from wheelforge.events import Listener
from wheelforge.graph import FetchStep, Plan, RepairStep, State
from wheelforge.pipeline import drift
from wheelforge.pipeline.again import Hints, options_for
from wheelforge.pipeline.lacks import refuse
from wheelforge.pipeline.options import Home, Limits
from wheelforge.pipeline.prepare import make_plan
from wheelforge.pipeline.proof import Prover, below
from wheelforge.pipeline.results import Results
from wheelforge.pipeline.run import Outcome, run
from wheelforge.provenance import Statement
from wheelforge.store import Store
from wheelforge.untrusted import named

_FOLDER = "rebuild"  # below WHEELFORGE_HOME
_SHARED = ("sysroots", "gate", "uv")  # no results; `uv` is what it knows of interpreters


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """What came of it: the run; the digests of the wheel and of the one that was made again.

    `left` is what was fetched otherwise, and which steps left something else.
    """

    plan: Plan
    outcome: Outcome
    sha256: str
    again: str = ""
    left: tuple[str, ...] = ()
    comparison: Comparison | None = None

    @property
    def same(self) -> bool:
        """Whether the same bytes came out."""
        return self.sha256 == self.again


def rebuild(
    wheel: Path,
    hints: Hints,
    limits: Limits,
    listener: Listener,
    *,
    keep: Path | None = None,
    show: Callable[[Plan, Iterable[str]], None] = lambda _plan, _changes: None,
) -> Rebuilt:
    """Plan and build a wheel again in a home of its own, and compare the two.

    `show` is told the plan and what of its inputs is not as it was, before anything runs; `keep` is
    where the new wheel is to stay. InputError without provenance, or where something that it names
    is not here; RejectedError where it is another wheel's.
    """
    statement = _statement(wheel)
    asked = statement.predicate.build_definition.external_parameters
    options = options_for(asked.request, hints)
    with _own_home(Home.open(offline=hints.offline)) as home:
        whole = make_plan(options, home)
        last = whole.step(f"repair:{asked.recipe}")
        if not isinstance(last, RepairStep):
            raise InputError(f"{asked.recipe} is not among what it asks for", where=str(wheel))
        plan = _only(whole, last, home)
        refuse(plan)
        show(plan, drift.before(statement, plan, last, home))
        outcome = run(plan, home, limits, listener)
        found = Rebuilt(plan=plan, outcome=outcome, sha256=digest.of_file(wheel))
        if outcome.error is not None:  # its work folders stay, for who looks into it
            return found
        results = Results(plan, home)
        made = results.entry(last.id).product
        if keep is not None:
            with atomic.told(keep, "--out"):
                atomic.place_file(made, keep / made.name, replace=True)
        done = replace(
            found,
            again=digest.of_file(made),
            left=tuple(drift.after(statement, Prover(plan, results, home).statement(last))),
            comparison=compare(wheel, made),
        )
        atomic.remove_tree(home.root)
        return done


def _statement(wheel: Path) -> Statement:
    """What is said beside the wheel; refused where that is not said of this one."""
    if not wheel.is_file():
        raise InputError("is not there", where=str(wheel), remedy="give the path of a wheel")
    place = provenance.place(wheel)
    if not place.exists():
        raise InputError(
            f"there is no provenance of it: {place.name} is not beside it",
            where=str(wheel),
            remedy="wheelforge build writes it into the wheelhouse: copy both",
        )
    statement = provenance.read(place)
    known = {item.name: item.digest.get("sha256") for item in statement.subject}
    found = digest.of_file(wheel)
    if known.get(wheel.name) != found:
        said = ", ".join(f"{name} {sha256}" for name, sha256 in known.items())
        raise RejectedError(
            f"it is not the wheel that its provenance is about: that is {named(said)}, "
            f"this has SHA-256 {found}",
            where=str(wheel),
            remedy="take both from where they were built",
        )
    return statement


def _only(plan: Plan, last: RepairStep, home: Home) -> Plan:
    """The steps below one wheel: all to do, but what is fetched already."""
    steps = below(plan, last)
    cached = {step.id for step in steps
              if isinstance(step, FetchStep) and home.sources.have(step.what)}  # fmt: skip
    states = {
        step.id: State(
            verdict="cached" if step.id in cached else "todo", key=plan.states[step.id].key
        )
        for step in steps
    }
    return msgspec.structs.replace(plan, steps=steps, states=states)


@contextmanager
def _own_home(home: Home) -> Iterator[Home]:
    """A home with an empty store inside of another one, whose sources and sysroots it uses.

    It stays where something ran in it and nobody removed it.
    """
    root = home.root / _FOLDER / atomic.private("home")
    with atomic.told(home.root, "WHEELFORGE_HOME"):
        for old in root.parent.glob("*") if root.parent.is_dir() else ():
            if atomic.abandoned(old.name):
                atomic.remove_tree(old)
        atomic.remove_tree(root)
        root.mkdir(parents=True)
        for name in _SHARED:
            (root / name).symlink_to(home.root / name)
    try:
        yield replace(home, root=root, store=Store(root / "store"))
    finally:
        if not (root / "runs").is_dir():
            atomic.remove_tree(root)

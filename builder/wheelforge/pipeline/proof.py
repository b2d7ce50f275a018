"""The provenance of a plan's wheels, written beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wheelforge import __version__, atomic, digest, provenance
from wheelforge.errors import ForgeError
from wheelforge.graph import CheckStep, Command, FetchStep, Plan, RepairStep, Step
from wheelforge.pipeline.materials import materials, outcome
from wheelforge.pipeline.options import Home
from wheelforge.pipeline.placeless import Placeless
from wheelforge.pipeline.results import Results
from wheelforge.provenance import (
    BuildDefinition,
    Builder,
    Internal,
    Parameters,
    Predicate,
    Resource,
    RunDetails,
    Stage,
    Statement,
)
from wheelforge.provenance.statement import BUILD_TYPE, BUILDER, PREDICATE, STATEMENT


class Prover:
    """Says of each wheel of a plan that was carried out what went into it, and how."""

    def __init__(self, plan: Plan, results: Results, home: Home) -> None:
        self._plan = plan
        self._results = results
        self._home = home
        self._placeless = Placeless(plan, home.root)

    def statement(self, step: RepairStep) -> Statement:
        """The statement about the wheel that `step` made. It is the same for the same results."""
        plan, results, home = self._plan, self._results, self._home
        steps = below(plan, step)
        kept = [item for item in steps if not isinstance(item, FetchStep)]
        made = results.entry(step.id).product
        assert plan.asked is not None, "planning notes what was asked for"  # noqa: S101
        definition = BuildDefinition(
            build_type=BUILD_TYPE,
            external_parameters=Parameters(recipe=step.name, request=plan.asked),
            internal_parameters=Internal(steps=tuple(map(self._stage, kept))),
            resolved_dependencies=materials(steps, step, plan.compilers, results, home),
        )
        details = RunDetails(
            builder=Builder(id=BUILDER, version={"wheelforge": __version__}),
            byproducts=tuple(one for item in kept for one in outcome(item, results, home)),
        )
        sha256 = home.memo.of_file(made)
        return Statement(
            type=STATEMENT,
            subject=(Resource(name=made.name, digest={"sha256": sha256}),),
            predicate_type=PREDICATE,
            predicate=Predicate(build_definition=definition, run_details=details),
        )

    def write(
        self, step: RepairStep, wheelhouse: Path, known: Mapping[str, str]
    ) -> tuple[str, str]:
        """Write it beside the wheel; the wheel's file name, and the SHA-256 of what was written.

        One that is there stays when it is as `known` and of the same steps: it was written by who
        built the wheel, and may be signed.
        """
        name = self._results.entry(step.id).product.name
        file = provenance.place(wheelhouse / name)
        made = self.statement(step)
        if not _same(file, made, known.get(name, "")):
            atomic.write_if_changed(file, provenance.encode(made))
        return name, self._home.memo.of_file(file)

    def _stage(self, step: Step) -> Stage:
        clean = self._placeless
        self._results.look(step)
        return Stage(
            id=step.id,
            key=self._results.keys[step.id],
            needs=step.needs,
            inputs={name: clean(text) for name, text in step.inputs.items()},
            environment={name: clean(text) for name, text in getattr(step, "env", {}).items()},
            commands=tuple(map(self._command, getattr(step, "commands", ()))),
        )

    def _command(self, command: Command) -> provenance.Command:
        return provenance.Command(
            label=command.label,
            argv=self._placeless.argv(command.argv),
            cwd=command.cwd,
            offline=command.offline,
        )


def below(plan: Plan, last: RepairStep) -> tuple[Step, ...]:
    """The steps that a wheel came out of, in the plan's order, and the checks of it."""
    steps = {step.id: step for step in plan.steps}
    wanted = {last.id}
    for step in reversed(plan.steps):  # every step comes after what it needs
        if step.id in wanted or (isinstance(step, CheckStep) and step.of == last.id):
            wanted |= {step.id, *(name for name in step.needs if name in steps)}
    return tuple(step for step in plan.steps if step.id in wanted)


def _same(file: Path, made: Statement, known: str) -> bool:
    try:
        there = provenance.read(file)
    except ForgeError:
        return False
    same = (there.subject, there.keys) == (made.subject, made.keys)
    return same and digest.of_file(file) == known

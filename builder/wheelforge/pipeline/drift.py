"""What is not as it was when a wheel was built: before it is built again, and afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from wheelforge.asked import Asked, Named
from wheelforge.graph import FetchStep, Plan, RepairStep
from wheelforge.pipeline.materials import TREE, materials
from wheelforge.pipeline.options import Home
from wheelforge.pipeline.placeless import Placeless
from wheelforge.pipeline.results import Results
from wheelforge.provenance import Resource, Statement
from wheelforge.untrusted import named

_DIGITS = 16  # of a digest that is shown
_FOLLOWS = frozenset({"commands", "sbom"})  # digests that follow from what else is told


def before(statement: Statement, plan: Plan, last: RepairStep, home: Home) -> Iterator[str]:
    """What a plan takes in that the statement says otherwise, by the names of both."""
    definition = statement.predicate.build_definition
    if plan.asked is not None:
        yield from _request(definition.external_parameters.request, plan.asked)
    then = definition.resolved_dependencies
    now = materials((), last, plan.compilers, Results(plan, home), home)
    yield from _resources(filter(_of_machine, then), filter(_of_machine, now))
    yield from _steps(statement, plan, home)


def after(then: Statement, now: Statement) -> Iterator[str]:
    """What was fetched otherwise, and which steps left something else."""
    sides = [
        [item for item in side.predicate.build_definition.resolved_dependencies
         if not _of_machine(item) and TREE not in item.digest and _is_wheel(item)]
        for side in (then, now)
    ]  # fmt: skip
    yield from _resources(*sides)
    left = [
        {item.name: item.digest[TREE]
         for item in side.predicate.run_details.byproducts if TREE in item.digest}
        for side in (then, now)
    ]  # fmt: skip
    for name, digest in left[0].items():
        if left[1].get(name, digest) != digest:
            yield f"{named(name)} left something else"


def _request(then: Asked, now: Asked) -> Iterator[str]:
    yield from _named("target", then.target, now.target)
    if then.archspec != now.archspec:
        yield f"processor: {named(then.archspec)} → {now.archspec}"
    yield from _named("toolchain", then.toolchain, now.toolchain)
    if then.python != now.python:
        yield f"python: {named(then.python)} → {now.python}"
    yield from _named("sysroot", then.sysroot, now.sysroot)
    yield from _mapping("recipe", then.recipes, now.recipes)
    yield from _mapping("source", then.sources, now.sources)
    yield from _mapping("version of", then.pins, now.pins)
    sides = (then.overlays, now.overlays), (then.folders, now.folders)
    for kind, (old, new) in zip(("overlay", "recipes in"), sides, strict=True):
        known = {item.name: item.sha256 for item in new}
        yield from _mapping(kind, {item.name: item.sha256 for item in old}, known)


def _named(kind: str, then: Named | None, now: Named | None) -> Iterator[str]:
    if then != now:
        shown = [f"{named(item.name)} {item.sha256[:_DIGITS]}" if item else "none"
                 for item in (then, now)]  # fmt: skip
        yield f"{kind}: {shown[0]} → {shown[1]}"


def _mapping(kind: str, then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*then, *now}):
        if then.get(name) != now.get(name):
            old, new = (_short(side.get(name)) for side in (then, now))
            yield f"{kind} {named(name)}: {old} → {new}"


def _short(text: str | None) -> str:
    if text is None:
        return "(none)"
    kind, colon, digest = text.rpartition(":")
    is_digest = len(digest) >= 40 and set(digest) <= set("0123456789abcdef")  # noqa: PLR2004
    return named(f"{kind}{colon}{digest[:_DIGITS]}" if is_digest else text)


def _steps(statement: Statement, plan: Plan, home: Home) -> Iterator[str]:
    clean = Placeless(plan, home.root)
    steps = {step.id: step for step in plan.steps if not isinstance(step, FetchStep)}
    stages = statement.predicate.build_definition.internal_parameters.steps
    found = False
    for stage in stages:
        if stage.id not in steps:
            yield f"{named(stage.id)}: it is no step any more"
            continue
        inputs = {name: clean(text) for name, text in steps.pop(stage.id).inputs.items()}
        told = list(_mapping(f"{stage.id}:", stage.inputs, inputs))
        own = [text for text in told if text.split(": ")[1] not in _FOLLOWS]
        yield from own if found else own or told
        found = found or bool(told)
    yield from (f"{name}: a step that was not there" for name in steps)


def _resources(then: Iterable[Resource], now: Iterable[Resource]) -> Iterator[str]:
    old, new = ({_key(item): item for item in side} for side in (then, now))
    for key in sorted({*old, *new}):
        ours, theirs = old.get(key), new.get(key)
        if ours is None or theirs is None or ours.digest != theirs.digest:
            yield f"{named(key)}: {_resource(ours)} → {_resource(theirs)}"


def _key(item: Resource) -> str:
    """A compiler by its role, as its name may hold its version; anything else by its name."""
    role = item.uri.partition("role=")[2]
    return f"compiler {role}" if role else item.name


def _resource(item: Resource | None) -> str:
    if item is None:
        return "(none)"
    digest = next(iter(item.digest.values()), "")[:_DIGITS]
    return named(f"{item.uri.partition('?')[0]} {digest}".strip())


def _of_machine(item: Resource) -> bool:
    """Compilers, sysroots, and the packages in these: not sources, which keys tell of."""
    kind, _, rest = item.uri.partition("/")
    return (
        (kind == "pkg:generic" and "role=" in rest)
        or (kind == "pkg:deb" and "arch=source" not in rest)
        or item.uri.startswith("urn:wheelforge:sysroot:")
    )


def _is_wheel(item: Resource) -> bool:
    return item.uri.startswith("pkg:pypi/") and item.name.endswith(".whl")

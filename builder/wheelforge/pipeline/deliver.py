"""From results in the store to a wheelhouse: wheels, lock, index, and proof that they work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from wheelforge import atomic, digest, index, lock, signing, wheel
from wheelforge.errors import InputError
from wheelforge.graph import BuildStep, CheckStep, Plan, RepairStep, WheelSet
from wheelforge.pipeline.house import House, read_house, record
from wheelforge.pipeline.options import Home
from wheelforge.pipeline.proof import Prover
from wheelforge.pipeline.results import Results
from wheelforge.provenance import SUFFIX
from wheelforge.recipe import PythonCheck
from wheelforge.store import write_root
from wheelforge.verify import sums


def deliver(
    plan: Plan, home: Home, wheelhouse: Path, tell: Callable[[str], None]
) -> tuple[list[Path], bool]:
    """Put the run's wheels, its lock and its index into a wheelhouse; (files, anything changed).

    Nothing is written before everything was found sound: two wheels with the same file, or a
    requirement that no wheel satisfies, leave the wheelhouse as it was.
    """
    results = Results(plan, home)
    steps = [step for step in plan.steps if isinstance(step, RepairStep)]
    if not steps:
        return [], False
    built = [results.entry(step.id).product for step in steps]
    built += _tried(built, plan, home)
    built += _from_index(built, plan, home, tell)
    lock.collisions(built)
    house = _house(plan, results, steps, built, read_house(wheelhouse), wheelhouse)
    new = {path.name: path for path in built}
    lock.collisions([new.get(name, wheelhouse / name) for name in house.wheels.values()])
    with atomic.told(wheelhouse, "--wheelhouse"):
        wheelhouse.mkdir(parents=True, exist_ok=True)
        changed = [_place(path, wheelhouse, home.memo) for path in built]
        wheels = [wheelhouse / name for name in house.wheels.values()]
        before = _stamps(wheelhouse)
        files = lock.write(
            wheelhouse,
            wheels,
            requires_python=f"=={house.python.series}.*",
            sha256=home.memo.of_file,
        )
        files += index.write(wheelhouse, sha256=home.memo.of_file)
        house = _with_provenance(house, Prover(plan, results, home), steps, wheelhouse)
        files += [wheelhouse / f"{name}{SUFFIX}" for name in house.provenance]
        signing.drop_stale(wheelhouse)
        record(wheelhouse, house)
        files.append(sums.write(wheelhouse, home.memo.of_file))
        write_root(home.root, wheelhouse, house.keys)
    home.memo.save()
    return [*wheels, *files], any(changed) or _stamps(wheelhouse) != before


def prefixes(plan: Plan, home: Home) -> tuple[Path, ...]:
    """Where the libraries that were asked for live in the store."""
    results = Results(plan, home)
    return tuple(
        results.entry(step.id).path
        for step in plan.steps
        if isinstance(step, BuildStep) and step.result == "library" and step.name in plan.requested
    )


def _place(path: Path, wheelhouse: Path, memo: digest.Memo) -> bool:
    target = wheelhouse / path.name
    if target.is_file() and memo.of_file(target) == memo.of_file(path):
        return False
    return atomic.place_file(path, target, replace=True)


def _tried(built: Sequence[Path], plan: Plan, home: Home) -> list[Path]:
    """What the built wheels require, as the wheels they were tried with: these are here already.

    Nothing where one of them does not fit what METADATA asks for: then the index is asked.
    """
    sets = [step.wheels for step in plan.steps if isinstance(step, CheckStep) and step.wheels]
    files = [path for what in sets if home.sources.have(what) for path in home.sources.files(what)]
    known = {wheel.parse_name(path.name)[0]: path for path in reversed(files)}
    taken: list[Path] = []
    with suppress(InputError):
        while known:
            absent = lock.missing([*built, *taken], plan.python)
            names = {canonicalize_name(Requirement(text).name) for text in absent}
            more = [known.pop(name) for name in sorted(names & known.keys())]
            if not more:
                return taken
            taken += more
        lock.missing([*built, *taken], plan.python)
        return taken
    return []


def _from_index(
    built: Sequence[Path], plan: Plan, home: Home, tell: Callable[[str], None]
) -> list[Path]:
    """What the built wheels require and nobody built, as wheels from the package index."""
    absent = lock.missing(built, plan.python)
    if not absent:
        return []
    what = WheelSet(
        requires=absent,
        python=plan.python.version,
        tag=plan.python.tag,
        platform=plan.python.platform,
    )
    tell("from the package index: " + ", ".join(absent))
    asyncio.run(home.sources.fetch(what, tell, lambda _done, _total: None))
    own = {wheel.parse_name(path.name)[0] for path in built}
    found = [path for path in home.sources.files(what) if wheel.parse_name(path.name)[0] not in own]
    if still := lock.missing([*built, *found], plan.python):
        raise InputError(
            "the package index has no wheels for " + ", ".join(still),
            where="lock",
            remedy="write recipes for them, or install them on the nodes",
        )
    return found


def _house(
    plan: Plan,
    results: Results,
    steps: Iterable[RepairStep],
    built: Sequence[Path],
    old: House | None,
    wheelhouse: Path,
) -> House:
    kept: Mapping[str, str] = old.wheels if old else {}
    wheels = {name: file for name, file in kept.items() if (wheelhouse / file).is_file()}
    wheels |= {wheel.parse_name(path.name)[0]: path.name for path in built}
    checks = dict(old.checks) if old else {}
    for step in plan.steps:
        if isinstance(step, CheckStep):
            own = tuple(item for item in step.checks if isinstance(item, PythonCheck))
            product = results.entry(step.of).product.name if own else ""
            checks[wheel.parse_name(product)[0] if product else step.name] = own
    keys = {results.keys[step.id] for step in steps} | set(results.keys.values())
    return House(
        target=plan.target,
        archspec=plan.archspec,
        features=plan.features,
        python=plan.python,
        wheels=dict(sorted(wheels.items())),
        checks={name: found for name, found in sorted(checks.items()) if found},
        keys=tuple(sorted(keys | set(old.keys if old else ()))),
        provenance=old.provenance if old else {},
    )


def _with_provenance(
    house: House, prover: Prover, steps: Iterable[RepairStep], wheelhouse: Path
) -> House:
    """Write what is to be said of the wheels that were built; of earlier ones it is there."""
    said = dict(house.provenance)
    for step in steps:
        name, found = prover.write(step, wheelhouse, said)
        said[name] = found
    for path in wheelhouse.glob(f"*.whl{SUFFIX}"):
        if not path.with_name(path.name.removesuffix(SUFFIX)).is_file():
            path.unlink()
    said = {name: found for name, found in sorted(said.items()) if (wheelhouse / name).is_file()}
    return msgspec.structs.replace(house, provenance=said)


def _stamps(wheelhouse: Path) -> dict[str, int]:
    return {
        str(path): path.stat().st_mtime_ns
        for folder in (wheelhouse, wheelhouse / wheel.SIMPLE)
        for path in folder.glob("**/*")
        if path.is_file()
    }

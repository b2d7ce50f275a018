"""Checks of how something was built: what its compilers were told, what CMake was configured with.

They are held against the evidence that the build left beside its result (see wheelforge.evidence).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from wheelforge.errors import RejectedError
from wheelforge.evidence import Evidence, cache_faults, command_faults, decode
from wheelforge.graph import CheckStep, built
from wheelforge.job import Job
from wheelforge.recipe import BUILD_CHECKS, BuildCheck, CommandsCheck

_NONE = "no evidence was kept when it was built"


class Held(NamedTuple):
    """The checks that passed, and why others could not be made (empty: all were)."""

    passed: tuple[str, ...] = ()
    unseen: str = ""


def hold(job: Job, step: CheckStep) -> Held:
    """Hold the evidence against every such check; RejectedError names the first that failed."""
    checks = [item for item in step.checks if isinstance(item, BUILD_CHECKS)]
    if not checks:
        return Held()
    found = _evidence(job, step)
    passed, unseen = [], ""
    for item in checks:
        if why := _absent(item, found):
            unseen = f"{why}; {_again(job, step)}"
            if item.required:
                raise RejectedError(
                    f"{_named(item)} cannot be checked: {why}",
                    where=step.id,
                    remedy=_again(job, step),
                )
            continue
        if faults := list(_faults(item, found or Evidence())):
            raise RejectedError(
                f"the check of {_named(item)} failed: {'; '.join(faults)}",
                where=step.id,
                remedy="correct [build] in the recipe, or except in [[checks]] what is meant to "
                f"be so; all there is to see: wheelforge store evidence {step.name}",
            )
        passed.append(_named(item))
    return Held(tuple(passed), unseen)


def _evidence(job: Job, step: CheckStep) -> Evidence | None:
    file = job.results[built(step.name)].evidence
    return decode(file.read_bytes(), str(file)) if file else None


def _absent(item: BuildCheck, found: Evidence | None) -> str:
    """Why there is nothing to look at; empty where there is."""
    if found is None:
        return _NONE
    return found.missing if isinstance(item, CommandsCheck) else ""


def _again(job: Job, step: CheckStep) -> str:
    result = job.results[built(step.name)].path
    return f"to build it again: rm -r {result}, and the same command"


def _faults(item: BuildCheck, found: Evidence) -> Iterator[str]:
    if isinstance(item, CommandsCheck):
        return command_faults(item, found.commands)
    return cache_faults(item, found.caches)


def _named(item: BuildCheck) -> str:
    return "compile commands" if isinstance(item, CommandsCheck) else "CMake's variables"

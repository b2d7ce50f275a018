"""Is this machine fit for the job? A list of checks over a snapshot of the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from wheelforge.doctor import foreign, limits, places, runtime, surroundings, tools
from wheelforge.doctor.finding import Finding, Level, run, warning
from wheelforge.doctor.machine import Machine, Trouble
from wheelforge.doctor.need import Need, Work

__all__ = ["CHECKS", "Finding", "Level", "Machine", "Need", "Trouble", "Work", "diagnose", "fit"]

Check: TypeAlias = Callable[[Machine, Need], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    surroundings.system,
    tools.decisions,
    tools.compilers,
    tools.fortran,
    tools.compiling,
    tools.headers,
    tools.programs,
    limits.processors,
    limits.memory,
    limits.jobs,
    limits.shell,
    limits.batch,
    places.disk,
    places.wheelhouse,
    places.file_system,
    places.user_home,
    surroundings.network,
    surroundings.hosts,
    surroundings.namespaces,
    foreign.emulation,
    foreign.sysroot,
    surroundings.pages,
    surroundings.huge_pages,
    surroundings.words,
    surroundings.clock,
    runtime.reduced,
    runtime.settings,
)


def diagnose(machine: Machine, need: Need, checks: Sequence[Check] = CHECKS) -> tuple[Finding, ...]:
    """What every check finds; one that fails itself is a finding too."""
    found: list[Finding] = []
    for check in checks:
        try:
            found += check(machine, need)
        except Exception as error:  # noqa: BLE001 - a doctor that falls over helps nobody
            what = f"this check failed: {type(error).__name__}: {error}"
            found.append(warning(check.__name__, what, run("# please report it")))
    return tuple(found)


def fit(findings: Iterable[Finding]) -> bool:
    """Whether nothing is missing."""
    return all(finding.level != Level.MISSING for finding in findings)

"""`wheelforge doctor`: is this machine fit for the job, and what mends it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import typer

from wheelforge.cli import arguments as arg
from wheelforge.cli.words import echo
from wheelforge.doctor import Finding, Level, fit
from wheelforge.errors import EXIT_INPUT
from wheelforge.pipeline import Home, Limits, Options
from wheelforge.pipeline.doctor import examine
from wheelforge.resources import parse_bytes

_INDENT = " " * 25


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("doctor")(arg.planning(command, optional=True))


def command(
    options: Options,
    wheelhouse: arg.Wheelhouse = Path("wheelhouse"),
    jobs: arg.Jobs = 0,
    memory: arg.Memory = "",
    json: arg.Json = False,
) -> int:
    """Check this machine for a build, or in general; say how to mend what is missing."""
    limits = Limits(jobs=jobs, memory=parse_bytes(memory, "--memory") if memory else 0)
    findings = examine(options, wheelhouse, Home.open(offline=options.offline), limits)
    if json:
        echo(msgspec.json.format(msgspec.json.encode(findings)))
    else:
        for finding in findings:
            echo(told(finding))
        echo(_summary(findings))
    return 0 if fit(findings) else EXIT_INPUT


def told(finding: Finding) -> str:
    """A finding in one line, and the commands that mend it below."""
    text = f"{finding.level:<8} {finding.name:<15} {finding.found}"
    mend = finding.mend
    if mend is None:
        return text
    if mend.apt == mend.dnf:
        return f"{text}\n{_INDENT}{mend.apt}"
    return f"{text}\n{_INDENT}{mend.apt}\n{_INDENT}{mend.dnf}"


def _summary(findings: tuple[Finding, ...]) -> str:
    count = Counter(finding.level for finding in findings)
    missing, warnings = count[Level.MISSING], count[Level.WARNING]
    return f"{missing or 'nothing'} missing, {warnings} warning{'s' * (warnings != 1)}"

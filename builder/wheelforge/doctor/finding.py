"""What a check says: one line, and the command that mends what is not well."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Level(StrEnum):
    """How much a finding matters: `missing` stops the job, a `warning` only makes it worse."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


class Mend(msgspec.Struct, frozen=True):
    """The command that mends it, on machines with apt and on machines with dnf."""

    apt: str
    dnf: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, how it stands, what was found; `mend` is None where all is well."""

    name: str
    level: Level
    found: str
    mend: Mend | None = None


def ok(name: str, found: str) -> Finding:
    """All is well."""
    return Finding(name=name, level=Level.OK, found=found)


def warning(name: str, found: str, mend: Mend) -> Finding:
    """The job can be done, but not as well as it could."""
    return Finding(name=name, level=Level.WARNING, found=found, mend=mend)


def missing(name: str, found: str, mend: Mend) -> Finding:
    """The job cannot be done."""
    return Finding(name=name, level=Level.MISSING, found=found, mend=mend)


def install(apt: str, dnf: str = "") -> Mend:
    """Packages to install; `dnf` where they have other names there."""
    return Mend(f"apt-get install {apt}", f"dnf install {dnf or apt}")


def run(command: str) -> Mend:
    """A command, or an instruction, that is the same everywhere."""
    return Mend(command, command)

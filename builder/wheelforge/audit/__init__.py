"""Looks at finished libraries and wheels, whoever built them: what they hold, and what is wrong.

Each part of an audit has a module of its own that gives facts about a library and findings against
a target; this one opens what is to be looked at and puts the parts together.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wheelforge.audit.findings import Finding, Level
from wheelforge.audit.inputs import subjects
from wheelforge.isa.verdict import Extent, Isa, Place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wheelforge.audit.inputs import Subject
    from wheelforge.audit.permits import Permits
    from wheelforge.target import Target

__all__ = ["Audit", "Extent", "Finding", "Isa", "Level", "Library", "Place", "audit"]


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of one ELF file; `identity` is what it says of itself.

    `seconds` is what decoding took, without unpacking.
    """

    name: str
    machine: str
    identity: tuple[str, ...]
    isa: Isa
    seconds: float


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """The audit of one wheel, library or folder; `target` is empty where nothing was judged."""

    path: str
    target: str
    libraries: tuple[Library, ...]
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def refused(self) -> bool:
        """True where a finding is an error."""
        return any(item.level == "error" for item in self.findings)


def audit(path: Path, permits: Permits, target: Target | None = None) -> Audit:
    """Look at every ELF file of a wheel or folder, or at one; InputError where none can be read.

    Without a target everything is told and nothing judged.
    """
    started = time.monotonic()
    libraries: list[Library] = []
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory(prefix="wheelforge-audit-") as scratch:
        for subject in subjects(path, Path(scratch)):
            library, found = _library(subject, permits, target)
            libraries.append(library)
            findings += found
    return Audit(
        path=str(path),
        target=target.name if target is not None else "",
        libraries=tuple(libraries),
        findings=tuple(findings),
        seconds=time.monotonic() - started,
    )


def _library(
    subject: Subject, permits: Permits, target: Target | None
) -> tuple[Library, Sequence[Finding]]:
    # numpy takes a tenth of a second to import, which only those who call pay for
    from wheelforge.audit import isa
    from wheelforge.audit.identity import identity
    from wheelforge.isa.image import Image
    from wheelforge.isa.verdict import examine

    features = target.features if target is not None else None
    started = time.monotonic()
    image = Image(subject.path)
    found = examine(image, subject.name, permits.of(subject), features)
    said = identity(image, permits.commits)
    library = Library(
        name=subject.name,
        machine=image.machine,
        identity=said,
        isa=found,
        seconds=time.monotonic() - started,
    )
    faults = () if target is None else tuple(isa.faults(found, subject.name, image, target))
    return library, faults

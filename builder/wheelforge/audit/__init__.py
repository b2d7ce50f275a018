"""Looks at finished libraries and wheels, whoever built them: what they hold, and what is wrong.

Each part of an audit has a module of its own that gives facts about a library or a wheel, and
findings; this one opens what is to be looked at and puts the parts together.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from wheelforge.audit.asked import Asked
from wheelforge.audit.findings import LEVELS, Finding, Level
from wheelforge.audit.inputs import bare, subjects, wheels
from wheelforge.audit.rules import VERSION
from wheelforge.isa.verdict import Extent, Isa, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wheelforge.audit.inputs import Subject
    from wheelforge.audit.permits import Permits
    from wheelforge.target import Target

__all__ = ["Asked", "Audit", "Extent", "Finding", "Isa", "Level", "Library", "Place", "audit"]


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
    """The audit of one wheel, library or folder; `target` is empty where none was named.

    `rules` is the version of the rules for whole wheels, empty where none was judged by them.
    """

    path: str
    target: str
    rules: str
    libraries: tuple[Library, ...]
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def refused(self) -> bool:
        """True where a finding is an error."""
        return any(item.level == "error" for item in self.findings)


Ask: TypeAlias = "Callable[[Path], Asked]"


def audit(
    path: Path,
    permits: Permits,
    target: Target | None = None,
    *,
    asked: Ask | None = None,
    isa: bool = True,
) -> Audit:
    """Look at every ELF file of a wheel or folder, or at one; InputError where none can be read.

    Instruction sets are told, and judged where there is a target. `asked` says what each wheel is
    judged against; without it wheels are only looked into for libraries.
    """
    started = time.monotonic()
    look = _Look(permits, target, isa=isa)
    with tempfile.TemporaryDirectory(prefix="wheelforge-audit-") as folder:
        scratch = Path(folder)
        if asked is None:
            for subject in subjects(path, scratch):
                look(subject)
        else:
            for subject in bare(path):
                look(subject)
            for file, prefix in wheels(path):
                look.wheel(file, prefix, scratch, asked(file))
    return Audit(
        path=str(path),
        target=target.name if target is not None else "",
        rules=VERSION if look.judged else "",
        libraries=tuple(look.libraries),
        findings=tuple(
            sorted(look.findings, key=lambda item: (LEVELS.index(item.level), item.check))
        ),
        seconds=time.monotonic() - started,
    )


def gate(wheel: Path, scratch: Path, asked: Asked) -> tuple[Finding, ...]:
    """What the rules for whole wheels say of one, without its instruction sets."""
    from wheelforge.audit.contents import read_wheel
    from wheelforge.audit.judging import judged

    return judged(read_wheel(wheel, scratch, _ignored, asked.homes), asked)


def _ignored(_subject: Subject) -> None:
    """Instruction sets are not asked for."""


class _Look:
    """Collects what is seen of one library or wheel after the other."""

    def __init__(self, permits: Permits, target: Target | None, *, isa: bool) -> None:
        self._permits, self._target, self._isa = permits, target, isa
        self.libraries: list[Library] = []
        self.findings: list[Finding] = []
        self.judged = False

    def __call__(self, subject: Subject) -> None:
        if self._isa:
            library, found = _library(subject, self._permits, self._target)
            self.libraries.append(library)
            self.findings += found

    def wheel(self, path: Path, prefix: str, scratch: Path, asked: Asked) -> None:
        """Read a wheel and judge it."""
        from wheelforge.audit.contents import read_wheel
        from wheelforge.audit.judging import judged

        def look(subject: Subject) -> None:
            self(subject._replace(name=prefix + subject.name))

        self.judged = True
        contents = read_wheel(path, scratch, look, asked.homes)
        for item in judged(contents, asked):
            where = item.where if item.where == path.name else prefix + item.where
            self.findings.append(msgspec.structs.replace(item, where=where))


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

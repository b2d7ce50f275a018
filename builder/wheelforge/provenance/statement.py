"""The statement: in-toto Statement v1 with SLSA's provenance predicate, version 1.

Its fields are those of slsa.dev/spec/v1.1/provenance. What SLSA leaves to a build type is in
`Parameters` (what was asked for) and `Internal` (what the plan made of it).
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from wheelforge.asked import Asked
from wheelforge.errors import InputError, RejectedError
from wheelforge.untrusted import contents, decoded
from wheelforge.untrusted.limits import PLAN_BYTES

SUFFIX = ".provenance.json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:wheelforge:build:wheel:v1"
BUILDER = "urn:wheelforge:builder"


class _Table(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    pass


class Resource(_Table, frozen=True, kw_only=True):
    """An artifact: what it is called, and what it is by digest.

    Beside in-toto's own kinds of digest (sha256, gitCommit) there is wheelforgeTree: SHA-256 over
    the names, executable bits and digests of all files of a folder.
    """

    name: str = ""
    uri: str = ""
    digest: dict[str, str] = {}


class Parameters(_Table, frozen=True, kw_only=True):
    """What was asked for: `recipe` made this wheel, and `request` plans it and all below it."""

    recipe: str
    request: Asked


class Command(_Table, frozen=True, kw_only=True):
    """A program run, as planned: `@{…}` stand for places that exist only while a step runs."""

    label: str
    argv: tuple[str, ...]
    cwd: str
    offline: bool


class Stage(_Table, frozen=True, kw_only=True):
    """A step: its key is made of the named facts `inputs` and of what its `needs` left."""

    id: str
    key: str
    needs: tuple[str, ...] = ()
    inputs: dict[str, str] = {}
    environment: dict[str, str] = {}
    commands: tuple[Command, ...] = ()


class Internal(_Table, frozen=True, kw_only=True):
    """What the plan made of it: the steps below the wheel and its check, in order."""

    steps: tuple[Stage, ...]


class BuildDefinition(_Table, frozen=True, kw_only=True):
    """SLSA's BuildDefinition."""

    build_type: str
    external_parameters: Parameters
    internal_parameters: Internal
    resolved_dependencies: tuple[Resource, ...]


class Builder(_Table, frozen=True, kw_only=True):
    """SLSA's Builder: who vouches for the statement."""

    id: str
    version: dict[str, str]


class RunDetails(_Table, frozen=True, kw_only=True):
    """SLSA's RunDetails without metadata: two builds of one plan say the same, byte for byte.

    `byproducts` are the steps' results.
    """

    builder: Builder
    byproducts: tuple[Resource, ...] = ()


class Predicate(_Table, frozen=True, kw_only=True):
    """SLSA's Provenance."""

    build_definition: BuildDefinition
    run_details: RunDetails


class Statement(_Table, frozen=True, kw_only=True):
    """In-toto's Statement about one wheel."""

    type: str = msgspec.field(name="_type")
    subject: tuple[Resource, ...]
    predicate_type: str
    predicate: Predicate

    @property
    def keys(self) -> dict[str, str]:
        """The keys of the steps by their ids."""
        steps = self.predicate.build_definition.internal_parameters.steps
        return {step.id: step.key for step in steps}


def place(wheel: Path) -> Path:
    """Where the statement about a wheel is."""
    return wheel.with_name(wheel.name + SUFFIX)


def encode(statement: Statement) -> bytes:
    """The file's bytes; the same for the same statement."""
    data = msgspec.json.encode(statement, order="deterministic")
    return msgspec.json.format(data, indent=1) + b"\n"


def read(path: Path) -> Statement:
    """Read a statement; InputError where there is none, RejectedError where it is no such thing."""
    try:
        found = decoded(contents(path, PLAN_BYTES), Statement)
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}",
            where=str(path),
            remedy="wheelforge writes it beside each wheel that it builds",
        ) from error
    except msgspec.DecodeError as error:
        raise _refused(path, f"is no provenance of a wheel: {error}") from error
    said = (found.type, found.predicate_type, found.predicate.build_definition.build_type)
    if said != (STATEMENT, PREDICATE, BUILD_TYPE):
        raise _refused(path, f"is a statement of another kind: {', '.join(said)}")
    return found


def _refused(path: Path, what: str) -> RejectedError:
    remedy = "copy the wheelhouse again, or run 'wheelforge build' again"
    return RejectedError(what, where=str(path), remedy=remedy)

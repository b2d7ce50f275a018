"""Provenance: what a wheel was made of and how, as an in-toto statement beside it (SLSA 1)."""

from wheelforge.provenance.statement import (
    BUILD_TYPE,
    SUFFIX,
    BuildDefinition,
    Builder,
    Command,
    Internal,
    Parameters,
    Predicate,
    Resource,
    RunDetails,
    Stage,
    Statement,
    encode,
    place,
    read,
)

__all__ = [
    "BUILD_TYPE",
    "SUFFIX",
    "BuildDefinition",
    "Builder",
    "Command",
    "Internal",
    "Parameters",
    "Predicate",
    "Resource",
    "RunDetails",
    "Stage",
    "Statement",
    "encode",
    "place",
    "read",
]

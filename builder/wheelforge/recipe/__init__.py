"""What a package is and how it is built, as data."""

from wheelforge.recipe.conditions import Conditions
from wheelforge.recipe.document import Document
from wheelforge.recipe.layers import Layer
from wheelforge.recipe.model import (
    ArchiveSource,
    Backend,
    Build,
    Check,
    DebianSource,
    ElfCheck,
    External,
    FileCheck,
    GitSource,
    Install,
    Nested,
    Option,
    Patch,
    PathSource,
    Probe,
    PypiSource,
    PythonCheck,
    Recipe,
    Resources,
    Source,
)
from wheelforge.recipe.places import Key, dotted

__all__ = [
    "ArchiveSource",
    "Backend",
    "Build",
    "Check",
    "Conditions",
    "DebianSource",
    "Document",
    "ElfCheck",
    "External",
    "FileCheck",
    "GitSource",
    "Install",
    "Key",
    "Layer",
    "Nested",
    "Option",
    "Patch",
    "PathSource",
    "Probe",
    "PypiSource",
    "PythonCheck",
    "Recipe",
    "Resources",
    "Source",
    "dotted",
]

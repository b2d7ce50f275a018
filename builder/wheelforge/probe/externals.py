"""Finds software that is not built here, where a recipe says it is, and reads its version."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from wheelforge.errors import InputError
from wheelforge.probe.matching import first_group
from wheelforge.recipe import Probe
from wheelforge.recipe.conditions import ordered
from wheelforge.untrusted import contents
from wheelforge.untrusted.limits import PROBED_BYTES


class Sighting(NamedTuple):
    """What a probe came to: the version ("" where there is none), and all that was looked at."""

    version: str
    looked_at: tuple[str, ...]


def external(probe: Probe) -> Sighting:
    """Look for the file in the folders, in order; the first that tells a version counts."""
    looked: list[str] = []
    for folder, shown in _folders(probe):
        files = sorted(folder.glob(probe.file)) if folder.is_dir() else []
        looked += [f"{shown}: {'no ' + probe.file if folder.is_dir() else 'no such folder'}"][
            bool(files) :
        ]
        for file in files:
            version, why = _version(file, probe.pattern)
            looked.append(f"{file}: {version or why}")
            if version:
                return Sighting(version, tuple(looked))
    unset = (f"${name} is not set" for name in probe.env if not os.environ.get(name))
    return Sighting("", (*unset, *looked))


def _folders(probe: Probe) -> Iterator[tuple[Path, str]]:
    for name in probe.env:
        if value := os.environ.get(name):
            yield Path(value), f"${name} ({value})"
    for path in probe.paths:
        yield Path(path).expanduser(), path


def _version(file: Path, pattern: str) -> tuple[str, str]:
    """The version a file tells, or why it tells none."""
    try:
        text = contents(file, PROBED_BYTES).decode("utf-8", "replace")
        version = first_group(pattern, text, str(file))
        if version:
            ordered(version)
    except OSError as error:
        return "", f"cannot be read: {error.strerror}"
    except InputError as error:
        return "", error.what
    return version, "" if version else "tells no version"

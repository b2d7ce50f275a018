"""Finds the build programs wheelforge ships with (cmake, ninja, scons …) and the system's own."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from wheelforge.errors import InputError

_INSIDE_PACKAGES = {"cmake": "data/bin/cmake", "ninja": "data/bin/ninja"}
_DEBIAN = {"git": "git", "make": "make", "patch": "patch", "unshare": "util-linux", "pip": "pip"}


@cache
def locate(name: str) -> Path:
    """The absolute path of a program: wheelforge's own environment first, then PATH.

    Raises InputError with the command that installs it.
    """
    found = find(name)
    if found is None:
        package = _DEBIAN.get(name, name)
        raise InputError(
            f"the program '{name}' is not installed",
            where="PATH",
            remedy=f"apt-get install {package}, or dnf install {package}",
        )
    return found


def find(name: str) -> Path | None:
    """As `locate`, but None where the program is missing."""
    if inside := _INSIDE_PACKAGES.get(name):
        spec = importlib.util.find_spec(name)
        for folder in spec.submodule_search_locations or [] if spec else []:
            if (program := Path(folder, inside)).is_file():
                return program
    own = Path(sys.prefix, "bin", name)
    if own.is_file():
        return own
    on_path = shutil.which(name)
    return Path(on_path).absolute() if on_path else None


@cache
def version(name: str) -> str:
    """The version of a program that came as a Python package, or "system"."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "system"

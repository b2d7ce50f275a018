# SPDX-License-Identifier: Apache-2.0
"""Where extensions find what they compile and link against."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def include_dir() -> str:
    """The directory to compile against: holds minitorch/minitorch.h."""
    return str(_PACKAGE / "include")


def lib_dir() -> str:
    """The directory to link against: holds libminitorch.so."""
    return str(_PACKAGE / "lib")

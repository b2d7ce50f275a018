# SPDX-License-Identifier: Apache-2.0
"""How this minitorch was built."""

from minitorch import _C


def show() -> str:
    """The libraries, the flags and the settings of the build, as text."""
    return _C.config()

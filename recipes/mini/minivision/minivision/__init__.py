# SPDX-License-Identifier: Apache-2.0
"""minivision: a companion of minitorch, packaged as torchvision is."""

import minitorch

from minivision.version import __version__, minitorch_version

if minitorch.__version__ != minitorch_version:
    raise ImportError(
        f"minivision {__version__} was built against minitorch {minitorch_version},"
        f" but minitorch {minitorch.__version__} is installed"
    )

# Only once the versions are known to match: these load code compiled against the other one.
from minivision import ops

__all__ = ["__version__", "ops"]

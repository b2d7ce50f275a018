"""Finds compilers, Pythons and other people's software on this machine, and says which they are.

What programs say is remembered under their size and times, so that asking again starts nothing.
"""

from wheelforge.probe.externals import Sighting, external
from wheelforge.probe.pythons import emulated, interpreter
from wheelforge.probe.sysroots import inside
from wheelforge.probe.toolchains import compilers, flags, suited

__all__ = [
    "Sighting",
    "compilers",
    "emulated",
    "external",
    "flags",
    "inside",
    "interpreter",
    "suited",
]

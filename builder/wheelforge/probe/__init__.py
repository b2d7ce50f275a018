"""Finds compilers, Pythons and other people's software on this machine, and says which they are.

What programs say is remembered under their size and times, so that asking again starts nothing.
"""

from wheelforge.probe.externals import Sighting, external
from wheelforge.probe.pythons import interpreter
from wheelforge.probe.toolchains import compilers, flags, suited

__all__ = ["Sighting", "compilers", "external", "flags", "interpreter", "suited"]

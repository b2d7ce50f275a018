"""Sysroots on this machine: made from a distribution's packages, or found as they are."""

from wheelforge.sysroots.create import Created, create, sweep
from wheelforge.sysroots.find import find
from wheelforge.sysroots.kept import Manifest, listing

__all__ = ["Created", "Manifest", "create", "find", "listing", "sweep"]

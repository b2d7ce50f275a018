"""Instruction set extensions in machine code: which functions of an ELF file need which.

numpy and capstone are imported by the modules that decode, not here: `recipe lint` needs neither.
"""

from wheelforge.isa.hwcaps import features, known, lacking
from wheelforge.isa.permit import COMPILER, Permit
from wheelforge.isa.use import Evidence, Use

__all__ = ["COMPILER", "Evidence", "Permit", "Use", "features", "known", "lacking"]

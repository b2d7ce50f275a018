"""What a program that was ended by SIGILL was doing: the instruction, its library, its function.

The program is run once more with a small library preloaded, which is compiled from reporter.c for
the program's machine and writes a line when the signal comes.
"""

from wheelforge.sigill.account import Account, read, remedy, told
from wheelforge.sigill.reporter import NAME, Reporter

__all__ = ["NAME", "Account", "Reporter", "read", "remedy", "told"]

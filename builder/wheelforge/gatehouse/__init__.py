"""The gate: a small native program in front of compilers that asks the broker before each starts.

It is compiled from gate.c on the machine that builds; what it says to the broker is told there.
"""

from wheelforge.gatehouse.gate import NAME, furnish, gate

__all__ = ["NAME", "furnish", "gate"]

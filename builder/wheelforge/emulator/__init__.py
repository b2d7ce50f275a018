"""Programs of another machine, run on this one by qemu through the kernel's binfmt_misc."""

from wheelforge.emulator.choice import Emulation, choices, emulation, require
from wheelforge.emulator.fault import Fault, fault
from wheelforge.emulator.registration import Formats, Registration
from wheelforge.emulator.snapshot import Emulator, look

__all__ = [
    "Emulation",
    "Emulator",
    "Fault",
    "Formats",
    "Registration",
    "choices",
    "emulation",
    "fault",
    "look",
    "require",
]

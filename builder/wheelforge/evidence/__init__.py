"""What a build really did: the command of every compile, and what CMake was configured with.

Gates write each compile's command into a file of the work folder as it ends; when the build ends,
the last of every output becomes the evidence that is kept beside its result's manifest, and that
checks of a recipe are held against.
"""

from wheelforge.evidence.commands import LIST, begin, forget, spoil
from wheelforge.evidence.model import Cache, Compile, Evidence, Setting, decode, encode, told
from wheelforge.evidence.verdict import cache_faults, command_faults
from wheelforge.evidence.work import gather

__all__ = [
    "LIST",
    "Cache",
    "Compile",
    "Evidence",
    "Setting",
    "begin",
    "cache_faults",
    "command_faults",
    "decode",
    "encode",
    "forget",
    "gather",
    "spoil",
    "told",
]

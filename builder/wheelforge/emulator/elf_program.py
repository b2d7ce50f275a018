"""The smallest programs there are: they end with code 0, and prove that a machine's programs run.

They need no sysroot: neither a loader nor a library is in them.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# what platform.machine() says: ELF's e_machine, and the code of exit(0)
_MACHINES = {
    "aarch64": (183, "a80b805200008052010000d4"),  # mov w8, 93; mov w0, 0; svc 0
    "x86_64": (62, "b83c00000031ff0f05"),  # mov eax, 60; xor edi, edi; syscall
    "riscv64": (243, "9308d0051305000073000000"),  # li a7, 93; li a0, 0; ecall
    "ppc64le": (21, "010000380000603802000044"),  # li r0, 1; li r3, 0; sc
}
_BASE, _HEADER, _SEGMENT = 0x400000, 64, 56
_EXECUTABLE = 2


def known(machine: str) -> bool:
    """Whether there is such a program for a machine."""
    return machine in _MACHINES


def content(machine: str) -> bytes:
    """An ELF program for `machine` that only ends, with code 0."""
    number, code = _MACHINES[machine]
    text = bytes.fromhex(code)
    size = _HEADER + _SEGMENT + len(text)
    start = _BASE + _HEADER + _SEGMENT
    flags = 2 if machine == "ppc64le" else 0  # ELFv2
    words = (_EXECUTABLE, number, 1, start, _HEADER, 0, flags, _HEADER, _SEGMENT, 1, 64, 0, 0)
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", *words)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000) + text


def write(machine: str, path: Path) -> None:
    """Put the program where it can be run."""
    path.write_bytes(content(machine))
    path.chmod(0o755)

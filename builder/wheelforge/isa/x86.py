"""Uses of extensions in x86-64 code: capstone decodes the functions that hold a VEX or EVEX prefix.

Instructions have no fixed length, so that only what begins at a function's first byte is read in
step; code outside of every known function is not decoded. Correct rather than fast.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from wheelforge.isa.use import Use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.isa.image import Code, Image
    from wheelforge.isa.tables import Array

_SHOWN = 8
_OVERLAP, _SOME = 16, 1 << 20  # how often functions may hold the same code, and more in small files
_PIECE, _LONGEST = 1 << 14, 15  # bytes decoded at once; those of the longest instruction
_UNKNOWN = ".byte"  # what capstone calls a byte that begins no instruction
# C4 with map 1 to 3, C5, or 62 with a map and the bit that is always set (Intel SDM 2.3.5, 2.7.1)
_PREFIX = re.compile(
    rb"\xc4[%(maps)s]|\xc5|\x62[%(maps)s]"
    % {b"maps": b"".join(b"\\x%02x-\\x%02x" % (high | 1, high | 7) for high in range(0, 256, 16))},
    re.DOTALL,
)
# AMX is VEX, map 0F38, opcodes 49, 4B, 5C, 5E and 6C, and capstone 5 knows none of them
_AMX = re.compile(
    rb"\xc4[\xc2\xe2][\x40-\x43\x48-\x4b\x50-\x53\x58-\x5b\x60-\x63\x68-\x6b\x70-\x73\x78-\x7b]"
    rb"[\x49\x4b\x5c\x5e\x6c]",
    re.DOTALL,
)
_VEX, _EVEX = (0xC4, 0xC5), 0x62
# capstone's groups; where it has none, the instructions' names
_GROUPS = {"AVX512": "avx512", "AVX2": "avx2", "AVX": "avx", "BMI": "bmi1", "BMI2": "bmi2"}
_NAMES = {"vfmadd": "fma", "vfmsub": "fma", "vfnm": "fma", "vcvtph2ps": "f16c", "vcvtps2ph": "f16c"}


def uses(image: Image) -> Iterator[Use]:
    """Every use in a file, in order of function and extension; ValueError where none ends."""
    framed = np.flatnonzero(image.symbols.at(image.frames.starts) < 0)
    for code in image.code():
        left = _OVERLAP * len(code.data) + _SOME
        for start, end, symbol, file in _functions(image, code, framed):
            data = bytes(code.data[start - code.address : end - code.address])
            left -= len(data)
            if left < 0:
                raise ValueError("its functions lie over each other")
            found: dict[str, list[int]] = defaultdict(list)
            if _PREFIX.search(data) is not None:
                for place, extension in _decoded(data, start):
                    found[extension].append(place)
            for extension, places in sorted(found.items()):
                yield Use(
                    extension=extension,
                    symbol=symbol,
                    file=file,
                    start=start,
                    count=len(places),
                    places=tuple(places[:_SHOWN]),
                    evidence="function",
                )


def _functions(image: Image, code: Code, framed: Array) -> Iterator[tuple[int, int, str, str]]:
    """(start, end, symbol, file) of a section's functions, those that only .eh_frame knows too."""
    first, last = code.address, code.address + len(code.data)
    for table, chosen in ((image.symbols, None), (image.frames, framed)):
        starts = table.starts if chosen is None else table.starts[chosen]
        low, high = np.searchsorted(starts, np.array([first, last], np.uint64))
        for place in range(int(low), int(high)):
            number = place if chosen is None else int(chosen[place])
            start, end = int(table.starts[number]), min(int(table.ends[number]), last)
            if start < end:
                yield start, end, table.names[number], table.files[number]


def _decoded(data: bytes, address: int) -> Iterator[tuple[int, str]]:
    """(address, extension) of the instructions with a VEX or EVEX prefix."""
    at = 0
    while at < len(data):
        # a piece at a time: capstone makes objects of all it is given
        piece = data[at : at + _PIECE]
        sure = len(piece) if at + len(piece) == len(data) else len(piece) - _LONGEST
        done = 0
        for place, size, name, operands in _decoder(skip=True).disasm_lite(piece, address + at):
            done = place - address - at
            if done >= sure:
                break
            if name == _UNKNOWN:  # to capstone, or data: the next byte begins something again
                if _AMX.match(data, at + done):
                    yield place, "amx"
                    done += _amx_size(data, at + done)
                    break
            elif piece[done] in _VEX or piece[done] == _EVEX:
                wide = "zmm" if piece[done] == _EVEX else "ymm" if "ymm" in operands else "xmm"
                yield place, _kind(name, wide, piece[done : done + size])
            done += size
        at += done


@cache
def _kinds() -> dict[tuple[str, str], str]:
    return {}


def _kind(name: str, width: str, data: bytes) -> str:
    """The extension by capstone's groups, asked once for each mnemonic and width."""
    known = _kinds()
    if (name, width) not in known:
        known[name, width] = _asked(data, name)
    return known[name, width]


def _asked(data: bytes, name: str) -> str:
    if data[0] == _EVEX:
        return "avx512"
    named = next((kind for start, kind in _NAMES.items() if name.startswith(start)), "")
    if named:
        return named
    detailed = _decoder(detail=True)
    (found,) = detailed.disasm(data, 0, 1)
    groups = {str(found.group_name(group)).upper() for group in found.groups}
    return next((kind for group, kind in _GROUPS.items() if group in groups), "avx")


def _amx_size(data: bytes, at: int) -> int:
    """Bytes of an AMX instruction: VEX, opcode, ModRM, and for memory SIB and displacement."""
    modrm = data[at + 4] if at + 4 < len(data) else 0xC0
    mode = modrm >> 6
    if mode == 3:  # noqa: PLR2004
        return 5
    return 5 + (modrm & 7 == 4) + (0, 1, 4)[mode]  # noqa: PLR2004


@cache
def _decoder(*, detail: bool = False, skip: bool = False) -> Any:
    import capstone

    made = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    made.detail = detail
    made.skipdata = skip
    return made

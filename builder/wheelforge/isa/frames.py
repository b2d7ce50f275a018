"""Function ranges from .eh_frame, which stripping leaves in place, read in bulk with numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    Array = np.ndarray[Any, np.dtype[Any]]

# Linux Standard Base, "Exception Frames": what every linker writes in the header's search table
_POINTER_PCREL_SDATA4, _COUNT_UDATA4, _TABLE_DATAREL_SDATA4 = 0x1B, 0x03, 0x3B
_HEADER, _ROW = 12, 8
_RANGE = 12  # from an FDE's start: length, CIE, first address (4 bytes each), then the range


def frames(
    index: bytes, index_address: int, frame: bytes, frame_address: int
) -> tuple[Array, Array] | None:
    """(starts, ends) of every function in the search table of .eh_frame_hdr, sorted.

    None where the tables are not encoded the usual way: 4-byte offsets throughout.
    """
    usual = bytes([1, _POINTER_PCREL_SDATA4, _COUNT_UDATA4, _TABLE_DATAREL_SDATA4])
    if len(index) < _HEADER or index[:4] != usual:
        return None
    count = min(int.from_bytes(index[8:12], "little"), (len(index) - _HEADER) // _ROW)
    table = np.frombuffer(index[_HEADER : _HEADER + count * _ROW], "<i4").reshape(-1, 2)
    starts = (table[:, 0].astype(np.int64) + index_address).astype(np.uint64)
    places = table[:, 1].astype(np.int64) + index_address - frame_address + _RANGE
    if not count or places.min() < 0 or places.max() + 4 > len(frame):
        return None
    data = np.frombuffer(frame, np.uint8)
    sizes = sum(data[places + byte].astype(np.uint64) << np.uint64(8 * byte) for byte in range(4))
    order = np.argsort(starts, kind="stable")
    return starts[order], (starts + sizes)[order]

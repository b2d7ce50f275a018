"""What earlier runs took: seconds and units of work per step, for estimates and priorities."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from wheelforge import atomic

if TYPE_CHECKING:
    from pathlib import Path


class Record(msgspec.Struct, frozen=True):
    """The last time a step ran to its end: wall seconds, and units (compiles) it counted."""

    seconds: float
    units: int = 0


class History:
    """Records by step id (`build:openblas`), kept in one JSON file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._records = self._read()

    def get(self, step: str) -> Record | None:
        """The last record of a step, or None."""
        return self._records.get(step)

    def put(self, step: str, record: Record) -> None:
        """Note a record and write the file; losing it costs only the quality of estimates."""
        self._records = {**self._records, **self._read(), step: record}
        with suppress(OSError):
            atomic.write(self._file, msgspec.json.encode(self._records))

    def _read(self) -> dict[str, Record]:
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, Record])
        return {}

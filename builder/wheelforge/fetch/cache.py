"""The files of the source cache: content-addressed, immutable, checked before they are used.

`files/<first two digits>/<sha256>/<name>` and `records/<digest of the description>.json`.
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wheelforge import atomic, digest
from wheelforge.fetch.record import FileRecord, Record, describe, label, static_identity
from wheelforge.untrusted import decoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from wheelforge.fetch.errand import Brought
    from wheelforge.fetch.record import What


class Cache:
    """Reads and writes the source cache below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def record(self, what: What) -> Record | None:
        """What is known of an earlier fetch; None also when it is not what is wanted now."""
        record = self._read(digest.of_value(describe(what)))
        wanted = static_identity(what)
        return record if record and (not wanted or record.identity == wanted.lower()) else None

    def _read(self, key: str) -> Record | None:
        try:
            data = self._record_path(key).read_bytes()
        except OSError:  # the usual answer, and quick to give, as a plan asks for every source
            return None
        with suppress(msgspec.DecodeError):
            record = decoded(data, Record)
            return record if record.key == key and not record.fault() else None
        return None

    def _record_path(self, key: str) -> Path:
        return self.root / "records" / f"{key}.json"

    def path(self, file: FileRecord) -> Path:
        """Where a file is, or would be."""
        return self.root / "files" / file.sha256[:2] / file.sha256 / file.name

    def whole(self, record: Record) -> bool:
        """Whether every file is there in its full size; cheap enough for planning."""
        return all(self._has(file) for file in record.files)

    def _has(self, file: FileRecord) -> bool:
        with suppress(OSError):
            return self.path(file).stat().st_size == file.size
        return False

    def verified(self, what: What, tell: Callable[[str], None]) -> Record | None:
        """The record, when every file still has its digest; damaged files are dropped and told."""
        record = self.record(what)
        if record is None:
            return None
        good = True
        for file in record.files:
            if self._drop_damaged(file):
                tell(f"{label(what)}: the cached file {file.name} was damaged; fetching it again")
            good = good and self._has(file)
        return record if good else None

    def _drop_damaged(self, file: FileRecord) -> bool:
        path = self.path(file)
        if not path.exists() or (self._has(file) and digest.of_file(path) == file.sha256):
            return False
        path.unlink(missing_ok=True)
        return True

    def publish(self, what: What, brought: Brought) -> Record:
        """Take verified files in and record them; the first record that is whole wins."""
        files = tuple(_measure(path) for path in sorted(brought.files))
        record = Record(
            of=describe(what), identity=brought.identity, files=files, address=brought.address
        )
        for path, file in zip(sorted(brought.files), files, strict=True):
            self.place(path, file)
        return self.enter(record)

    def place(self, source: Path, file: FileRecord) -> None:
        """Put one file under its digest, which the caller has checked."""
        self._drop_damaged(file)
        with atomic.told(self.root, "WHEELFORGE_HOME"):
            atomic.place_file(source, self.path(file))

    def enter(self, record: Record) -> Record:
        """Write a record unless a whole one is there; returns the one that holds."""
        with atomic.told(self.root, "WHEELFORGE_HOME"):
            known = self._read(record.key)
            if known and self.whole(known):
                return known
            atomic.write(self._record_path(record.key), msgspec.json.format(_encode(record)))
        return record

    def scratch(self) -> tempfile.TemporaryDirectory[str]:
        """A private folder on the cache's file system."""
        with atomic.told(self.root, "WHEELFORGE_HOME"):
            folder = self.root / "scratch"
            folder.mkdir(parents=True, exist_ok=True)
            return tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True)


def _encode(record: Record) -> bytes:
    return msgspec.json.encode(record, order="sorted")


def _measure(path: Path) -> FileRecord:
    return FileRecord(name=path.name, sha256=digest.of_file(path), size=path.stat().st_size)

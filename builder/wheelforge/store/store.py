"""Finds, publishes and removes entries below one folder."""

from __future__ import annotations

import glob
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from wheelforge import atomic
from wheelforge.store.entry import (
    DAMAGED,
    MANIFEST,
    Entry,
    Manifest,
    fault,
    keep_evidence,
    read,
    record,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PART, GONE = ".part-", ".gone-"  # what begins so is on its way in, or out
_KEY_DIGITS = 32


class Found(NamedTuple):
    """The answer to a look-up: an entry that can be used, or what is wrong with it."""

    entry: Entry | None
    fault: str = ""


class Store:
    """The entries below `root`. Nothing under a final name is ever changed, only removed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._by_name: dict[str, list[Manifest]] | None = None

    def place(self, key: str, name: str, version: str) -> Path:
        """The folder an entry has, or would have."""
        return self.root / f"{key[:_KEY_DIGITS]}-{name}-{version}"

    def find(self, key: str, name: str, version: str) -> Found:
        """Look up an entry and check its files against its manifest, by size and time."""
        folder = self.place(key, name, version)
        if not folder.is_dir():
            return Found(None)
        if condemned := _read_text(folder / DAMAGED):
            return Found(None, condemned)
        manifest = read(folder)
        if manifest is None or manifest.key != key:
            return Found(None, "its manifest cannot be read")
        entry = Entry(folder, manifest)
        wrong = fault(entry)
        return Found(None, wrong) if wrong else Found(entry)

    def touch(self, folder: Path) -> None:
        """Note that an entry was used: garbage collection counts its age from there."""
        with suppress(OSError):
            os.utime(folder)

    def entries(self) -> Iterator[Entry]:
        """Every entry with a readable manifest, in name order."""
        for folder in self.folders():
            manifest = read(folder)
            if manifest is not None:
                yield Entry(folder, manifest)

    def folders(self) -> list[Path]:
        """Every entry's folder, also those whose manifest cannot be read."""
        if not self.root.is_dir():
            return []
        return sorted(path for path in self.root.iterdir() if not path.name.startswith("."))

    def of_name(self, name: str) -> list[Manifest]:
        """The manifests of all entries of a package, read once."""
        if self._by_name is None:
            self._by_name = {}
            for entry in self.entries():
                self._by_name.setdefault(entry.manifest.name, []).append(entry.manifest)
        return self._by_name.get(name, [])

    def publish(self, tree: Path, manifest: Manifest, evidence: bytes = b"") -> Entry:
        """Copy a finished tree to its entry; where another process was first, its entry wins.

        `manifest` comes without files and output: they are read from the copy. `evidence` is kept
        beside it, and is no part of the output.
        """
        final = self.place(manifest.key, manifest.name, manifest.version)
        part = self.root / atomic.private(f"{PART}{final.name}")
        with atomic.told(self.root, "WHEELFORGE_HOME"):
            self._clear(final)
            try:
                atomic.copy_tree(tree, part)
                files, output = record(part, final)
                full = msgspec.structs.replace(
                    manifest, files=files, output=output, evidence=keep_evidence(part, evidence)
                )
                (part / MANIFEST).write_bytes(msgspec.json.encode(full))
                found = self._enter(part, final, manifest)
            finally:
                atomic.remove_tree(part)
        if found.entry is None:
            raise OSError(f"{final}: {found.fault or 'vanished'} right after it was published")
        self._by_name = None
        return found.entry

    def _enter(self, part: Path, final: Path, manifest: Manifest) -> Found:
        """Give a finished folder its name; what stands there damaged makes way."""
        if not atomic.publish_dir(part, final):
            found = self.find(manifest.key, manifest.name, manifest.version)
            if found.entry is not None:
                return found
            self.discard(final)
            atomic.publish_dir(part, final)
        return self.find(manifest.key, manifest.name, manifest.version)

    def _clear(self, final: Path) -> None:
        """Remove what killed processes left of the same entry."""
        self.root.mkdir(parents=True, exist_ok=True)
        atomic.remove_tree(self.root / atomic.private(f"{PART}{final.name}"))
        for kind in (PART, GONE):
            for path in self.root.glob(f"{kind}{glob.escape(final.name)}-*"):
                if atomic.abandoned(path.name):
                    atomic.remove_tree(path)

    def discard(self, folder: Path) -> None:
        """Take an entry out of sight at once, then delete it."""
        away = self.root / atomic.private(f"{GONE}{folder.name}-{time.monotonic_ns()}")
        with suppress(FileNotFoundError):
            folder.rename(away)
            atomic.remove_tree(away)
        self._by_name = None

    def verify(self) -> Iterator[tuple[Path, str]]:
        """Read every file of every entry; yields (folder, what is wrong or "").

        A note is left in damaged entries, so that `find` sees what size and time do not show.
        """
        for folder in self.folders():
            manifest = read(folder)
            wrong = "its manifest cannot be read"
            if manifest is not None:
                wrong = fault(Entry(folder, manifest), thorough=True)
            with suppress(OSError):
                if wrong:
                    (folder / DAMAGED).write_text(wrong, encoding="utf-8")
                else:
                    (folder / DAMAGED).unlink(missing_ok=True)
            yield folder, wrong


def _read_text(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""


def nearest(manifests: list[Manifest], inputs: Mapping[str, str], step: str) -> Manifest | None:
    """The manifest of an earlier result of the same step with the fewest changed inputs."""

    def distance(item: Manifest) -> tuple[int, float]:
        changed = sum(inputs.get(name) != value for name, value in item.inputs.items())
        changed += sum(name not in item.inputs for name in inputs)
        return changed, -item.created

    same = [item for item in manifests if item.step == step]
    return min(same, key=distance, default=None)

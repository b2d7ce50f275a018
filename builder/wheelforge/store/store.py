"""Finds, publishes and locks entries below one folder."""

from __future__ import annotations

import os
import shutil
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from wheelforge import atomic
from wheelforge.store.entry import MANIFEST, Entry, Manifest, fault, read, record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
        manifest = read(folder)
        if manifest is None or manifest.key != key:
            return Found(None, "its manifest cannot be read")
        entry = Entry(folder, manifest)
        wrong = fault(entry)
        return Found(None, wrong) if wrong else Found(entry)

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

    def publish(self, tree: Path, manifest: Manifest) -> Entry:
        """Copy a finished tree to its entry; where another process was first, its entry wins.

        `manifest` comes without files and output: they are read from the copy.
        """
        final = self.place(manifest.key, manifest.name, manifest.version)
        part = self.root / f".part-{final.name}-{socket.gethostname()}-{os.getpid()}"
        with atomic.told(self.root, "WHEELFORGE_HOME"):
            self.root.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(part, ignore_errors=True)
            try:
                shutil.copytree(tree, part, symlinks=True)
                files, output = record(part, final)
                full = msgspec.structs.replace(manifest, files=files, output=output)
                (part / MANIFEST).write_bytes(msgspec.json.encode(full))
                atomic.publish_dir(part, final)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        found = self.find(manifest.key, manifest.name, manifest.version)
        if found.entry is None:  # another process published it broken, or the disk lies
            raise OSError(f"{final}: {found.fault or 'vanished'} right after it was published")
        self._by_name = None
        return found.entry

    def discard(self, folder: Path) -> None:
        """Take an entry out of sight at once, then delete it."""
        away = self.root / f".gone-{folder.name}-{os.getpid()}-{time.monotonic_ns()}"
        with suppress(FileNotFoundError):
            folder.rename(away)
            shutil.rmtree(away, ignore_errors=True)

    def verify(self) -> Iterator[tuple[Path, str]]:
        """Read every file of every entry; yields (folder, what is wrong or "")."""
        for folder in self.folders():
            manifest = read(folder)
            if manifest is None:
                yield folder, "its manifest cannot be read"
            else:
                yield folder, fault(Entry(folder, manifest), thorough=True)


def nearest(manifests: list[Manifest], inputs: Mapping[str, str], step: str) -> Manifest | None:
    """The manifest of an earlier result of the same step with the fewest changed inputs."""

    def distance(item: Manifest) -> tuple[int, float]:
        changed = sum(inputs.get(name) != value for name, value in item.inputs.items())
        changed += sum(name not in item.inputs for name in inputs)
        return changed, -item.created

    same = [item for item in manifests if item.step == step]
    return min(same, key=distance, default=None)

"""The source cache as the rest of wheelforge sees it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from wheelforge import digest
from wheelforge.errors import InputError
from wheelforge.fetch import bundle as bundles
from wheelforge.fetch.cache import Cache
from wheelforge.fetch.errand import Errand, locked
from wheelforge.fetch.record import FileRecord, Record, describe, label, static_identity
from wheelforge.pin import PinnedSource
from wheelforge.recipe import PathSource

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wheelforge.fetch.record import What


class Sources:
    """Brings sources and build-environment wheels into the cache at `root`, and finds them there.

    With `offline` set nothing may use the network: what is neither cached nor on this machine is
    an error that says how to carry it here.
    """

    def __init__(self, root: Path, *, offline: bool = False) -> None:
        self._cache = Cache(root)
        self._offline = offline

    def identity(self, what: What) -> str:
        """What `what` is, without fetching: its own word, an earlier fetch's, or empty."""
        if known := static_identity(what):
            return known
        if _path(what) is not None:
            return ""
        record = self._cache.record(what)
        return record.identity if record else ""

    def have(self, what: What) -> bool:
        """Whether it can be used without fetching (sizes are checked, digests when it is used)."""
        if (path := _path(what)) is not None:
            return path.exists()
        record = self._cache.record(what)
        return record is not None and self._cache.whole(record)

    def files(self, what: What) -> tuple[Path, ...]:
        """The archive, the wheels, or the path itself; InputError when they are not here."""
        if (path := _path(what)) is not None:
            return (_present(path, what),)
        record = self._cache.record(what)
        if record is None or not self._cache.whole(record):
            raise _missing(what)
        return tuple(self._cache.path(file) for file in record.files)

    def recorded(self, what: What) -> tuple[FileRecord, ...]:
        """The files it consists of by name and digest; none for a path on this machine."""
        record = self._cache.record(what) if _path(what) is None else None
        return record.files if record else ()

    async def fetch(
        self, what: What, tell: Callable[[str], None], progress: Callable[[int, int], None]
    ) -> str:
        """Bring it, verify it, record it; returns its identity.

        Can be cancelled at any time; a download that was cut off goes on where it stopped.
        `progress` gets bytes done and bytes in all (0: not known). Raises InputError.
        """
        if (path := _path(what)) is not None:
            _present(path, what)
            return static_identity(what)
        loop = asyncio.get_running_loop()
        try:
            record = await self._fetch(
                what,
                lambda text: _in_loop(loop, tell, text),
                lambda done, total: _in_loop(loop, progress, done, total),
            )
        finally:
            await asyncio.sleep(0)  # what was told last reaches the listener before we return
        return record.identity

    async def _fetch(
        self, what: What, tell: Callable[[str], None], progress: Callable[[int, int], None]
    ) -> Record:
        lock = self._cache.root / "locks" / digest.of_value(describe(what))
        async with locked(lock, tell):
            if record := await asyncio.to_thread(self._cache.verified, what, tell):
                return record
            from wheelforge.fetch import drivers

            with self._cache.scratch() as scratch:
                errand = Errand(
                    label=label(what),
                    root=self._cache.root,
                    scratch=Path(scratch),
                    offline=self._offline,
                    tell=tell,
                    progress=progress,
                )
                brought = await drivers.bring(what, errand)
                return await errand.blocking(lambda: self._cache.publish(what, brought))

    def export(self, bundle: Path, whats: Sequence[What]) -> None:
        """Write one tar file with the files and records of `whats`, all digests checked.

        What is a path on this machine is left out. InputError when something is not in the cache.
        """
        records: dict[str, Record] = {}
        for what in whats:
            if _path(what) is None:
                record = self._cache.verified(what, lambda _: None)
                if record is None:
                    raise _missing(what)
                records[record.key] = record
        bundles.write(bundle, self._cache, [records[key] for key in sorted(records)])

    def adopt(self, bundle: Path) -> int:
        """Take a bundle in; returns how many sources it held.

        Every digest is verified first: a bundle with any fault is refused as a whole.
        """
        return bundles.adopt(bundle, self._cache)


def _in_loop(
    loop: asyncio.AbstractEventLoop, listener: Callable[..., None], *words: object
) -> None:
    """Drivers work in threads; listeners hear them in the loop, in order."""
    loop.call_soon_threadsafe(listener, *words)


def _path(what: What) -> Path | None:
    if isinstance(what, PinnedSource) and isinstance(what.source, PathSource):
        return Path(what.source.path)
    return None


def _present(path: Path, what: What) -> Path:
    if not path.exists():
        raise InputError(
            f"the source of {label(what)} is not there",
            where=str(path),
            remedy="correct source.path in the recipe, or the --source option",
        )
    return path


def _missing(what: What) -> InputError:
    return InputError(
        f"{label(what)} is not in the source cache, or is damaged",
        where="the source cache",
        remedy="run 'wheelforge fetch' for the same packages first",
    )

"""Brings a tarball of a Debian source package through apt, with a private apt state.

Either upstream's, or that with Debian's own files and patches.

apt checks the archive's signature and uses the mirror, proxy and credentials it is set up for; the
system's own lists are not touched, and no privilege is needed.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from wheelforge import atomic, digest, process, programs
from wheelforge.errors import InputError
from wheelforge.fetch import apt_sources
from wheelforge.fetch.errand import Brought, Errand, locked
from wheelforge.fetch.record import expected_sha256

if TYPE_CHECKING:
    from wheelforge.fetch.apt_sources import Archive
    from wheelforge.pin import PinnedSource
    from wheelforge.recipe import DebianSource

_LOCAL = ("file:", "copy:")


async def bring(what: PinnedSource, source: DebianSource, errand: Errand) -> Brought:
    """Download the source package's release and take the tarball with the recipe's digest."""
    wanted = f"{source.package}={_release(what, source)}"
    archives = await asyncio.to_thread(_archives, what.recipe, source.suite)
    if errand.offline:
        archives = [archive for archive in archives if archive.uri.startswith(_LOCAL)]
        if not archives:
            raise errand.offline_error()
    reasons: list[str] = []
    async with locked(errand.root / "locks" / f"apt-{source.suite}", errand.tell):
        for archive in archives:
            try:
                await _Apt(errand, source.suite, archive).download(wanted, what)
            except process.ProgramError as error:
                reasons.append(f"{archive.uri}: {_complaint(error)}")
            else:
                found = await errand.blocking(lambda: _pick(errand.scratch, what))
                return Brought((found,), f"sha256:{expected_sha256(what)}", archive.uri)
    raise InputError(
        f"Debian source package {wanted} could not be fetched from suite {source.suite}: "
        + ("; ".join(reasons) or "apt is configured for no Debian archive"),
        where=f"recipe {what.recipe}: source",
        remedy=f"correct source.release in the recipe, add a Debian archive to apt's sources, "
        f"or give --source {what.recipe}=PATH",
    )


def _release(what: PinnedSource, source: DebianSource) -> str:
    found = source.release.get(what.version)
    if found is None:
        raise InputError(
            f"no Debian release is known for version {what.version}",
            where=f"recipe {what.recipe}: source.release",
            remedy=f"add it there, or give --source {what.recipe}=PATH",
        )
    return found


class _Apt:
    """apt with a state of its own under the source cache, reading one archive's source list."""

    def __init__(self, errand: Errand, suite: str, archive: Archive) -> None:
        self._errand = errand
        self._suite = suite
        self._archive = archive
        self._folder = errand.root / "apt" / suite
        self._list = self._folder / "archive.sources"

    async def download(self, wanted: str, what: PinnedSource) -> None:
        """Run `apt-get source`; the lists are brought up to date when they lack the release."""
        fresh = await asyncio.to_thread(self._prepare)
        if not fresh:
            await self._update()
        try:
            await self._source(wanted, what)
        except process.ProgramError:
            if not fresh:
                raise
            await self._update()
            await self._source(wanted, what)

    def _prepare(self) -> bool:
        """Make the private state; whether lists of this very archive are there already."""
        with atomic.told(self._errand.root, "WHEELFORGE_HOME"):
            for name in ("state/lists/partial", "cache/archives/partial"):
                (self._folder / name).mkdir(parents=True, exist_ok=True)
            (self._folder / "status").touch()
            changed = atomic.write_if_changed(
                self._list, self._archive.stanza(self._suite).encode()
            )
        return not changed and any((self._folder / "state/lists").glob("*_Sources*"))

    async def _update(self) -> None:
        await self._apt("update", "-o", "APT::Update::Error-Mode=any")
        releases = (self._folder / "state/lists").glob("*Release")
        texts = [release.read_text(errors="replace") for release in releases]
        if not any("\nOrigin: Debian\n" in f"\n{text}" for text in texts):
            self._list.unlink()  # the next run must not take these lists for Debian's
            raise process.ProgramError(["apt-get"], 1, "it is not a Debian archive")

    async def _source(self, wanted: str, what: PinnedSource) -> None:
        part = "--diff-only" if what.series else "--tar-only"
        await self._apt("source", "--download-only", part, wanted)

    async def _apt(self, *words: str) -> None:
        options = {
            "Dir::Etc::sourcelist": self._list,
            "Dir::Etc::sourceparts": "-",
            "Dir::State": self._folder / "state",
            "Dir::State::status": self._folder / "status",
            "Dir::Cache": self._folder / "cache",
            "APT::Sandbox::User": "",  # apt's own user could not write into our folders
            "Acquire::Languages": "none",
        }
        flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        program = str(programs.locate("apt-get"))
        await self._errand.run([program, "-q", *flags, *words], os.environ | {"LC_ALL": "C"})


def _archives(recipe: str, suite: str) -> list[Archive]:
    found = apt_sources.of_this_machine(suite)
    if found is None:
        raise InputError(
            "apt is not installed, and the source is a Debian source package",
            where=f"recipe {recipe}: source",
            remedy=f"give --source {recipe}=PATH, or fetch on a Debian machine with "
            "'wheelforge fetch … --bundle FILE'",
        )
    return found


def _pick(folder: Path, what: PinnedSource) -> Path:
    found = {path: digest.of_file(path) for path in sorted(folder.glob("*.tar.*"))}
    expected = expected_sha256(what)
    for path, sha256 in found.items():
        if sha256 == expected:
            return path
    seen = "; ".join(f"{path.name} has sha256 {sha256}" for path, sha256 in found.items())
    raise InputError(
        f"no tarball of the source package has sha256 {expected}: {seen or 'there is none'}",
        where=f"recipe {what.recipe}: source.{'patches.' if what.series else ''}sha256",
        remedy=f"correct it if the release is right, or give --source {what.recipe}=PATH",
    )


def _complaint(error: process.ProgramError) -> str:
    lines = [line[3:] for line in error.output.splitlines() if line.startswith("E: ")]
    return "; ".join(lines[:3]) or error.output.strip().rpartition("\n")[2]

"""Brings an sdist from the package index pip is set up for.

Not with `pip download`: it would run the sdist's build backend to learn its metadata.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec
from packaging.utils import canonicalize_name, parse_sdist_filename
from packaging.version import Version
from urllib3.exceptions import HTTPError

from wheelforge.errors import InputError
from wheelforge.fetch import pip_settings, simple_index
from wheelforge.fetch.download import Download
from wheelforge.fetch.record import expected_sha256
from wheelforge.fetch.simple_index import Listed, listed
from wheelforge.fetch.web import Page, Web, shown
from wheelforge.untrusted import contents
from wheelforge.untrusted.limits import PAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.fetch.errand import Brought, Errand
    from wheelforge.fetch.pip_settings import PipSettings
    from wheelforge.pin import PinnedSource
    from wheelforge.recipe import PypiSource


async def bring(what: PinnedSource, source: PypiSource, errand: Errand) -> Brought:
    """Find the file with the recipe's digest on any of pip's indexes and download it."""
    settings = await asyncio.to_thread(pip_settings.read)
    project = canonicalize_name(source.project or what.recipe)
    search = _Search(errand, settings, project, what.version)
    return await errand.blocking(partial(search.bring, expected_sha256(what)))


class _Search:
    def __init__(self, errand: Errand, settings: PipSettings, project: str, version: str) -> None:
        self._errand = errand
        self._settings = settings
        self._project = project
        self._version = version
        self._reasons: list[str] = []
        self._skipped = False

    def bring(self, sha256: str) -> Brought:
        settings = self._settings
        with Web(
            cert=settings.cert or "",
            client_cert=settings.client_cert or "",
            proxy=settings.proxy or "",
            trusted=settings.trusted_hosts,
        ) as web:
            sdists = [file for file in self._files(web) if self._is_sdist(file.name)]
            wanted = [file.address for file in sdists if file.sha256 == sha256]
            unsigned = [file.address for file in sdists if not file.sha256]
            if wanted or unsigned:
                return Download(self._errand, web, sha256).bring(wanted + unsigned)
        if self._skipped:
            raise self._errand.offline_error()
        others = [f"{file.name} has sha256 {file.sha256}, expected {sha256}" for file in sdists]
        raise InputError(
            f"no index has the sdist of {self._project} {self._version}: "
            + "; ".join(others + self._reasons),
            where=f"recipe {self._errand.label}: source",
            remedy="check 'pip config list' and source.sha256 in the recipe",
        )

    def _is_sdist(self, name: str) -> bool:
        try:
            project, version = parse_sdist_filename(name)
            return project == self._project and version == Version(self._version)
        except ValueError:  # InvalidSdistFilename, InvalidVersion, numbers of thousands of digits
            return False

    def _files(self, web: Web) -> Iterator[Listed]:
        for folder in self._settings.find_links:
            yield from self._links(web, folder)
        for index in self._settings.indexes:
            yield from self._page(web, f"{index.rstrip('/')}/{self._project}/")

    def _links(self, web: Web, place: str) -> Iterator[Listed]:
        """Pip's --find-links: a folder of files, or a page that links to them."""
        path = _local(place)
        if path is None:
            yield from self._page(web, place)
        elif path.is_dir():
            yield from (listed(item.as_uri()) for item in sorted(path.absolute().iterdir()))
        else:
            yield from self._page(web, path.absolute().as_uri())

    def _page(self, web: Web, address: str) -> list[Listed]:
        path = _local(address)
        if path is None and self._errand.offline:
            self._skipped = True
            return []
        try:
            page = web.page(address, simple_index.ACCEPT) if path is None else _read(path, address)
            if page is not None:
                return simple_index.parse(page)
            reason = "does not know it"
        except (HTTPError, OSError, ValueError, msgspec.DecodeError) as error:
            reason = str(error)
        self._reasons.append(f"{shown(address)}: {reason}")
        return []


def _local(place: str) -> Path | None:
    parts = urlsplit(place)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme else Path(place).expanduser()


def _read(path: Path, address: str) -> Page | None:
    if path.is_dir():
        path, address = path / "index.html", f"{address.rstrip('/')}/index.html"
    return Page(address, "text/html", contents(path, PAGE_BYTES)) if path.is_file() else None

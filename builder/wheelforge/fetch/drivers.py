"""Which module brings which kind of source."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from wheelforge.fetch import debian, git, pypi, wheels
from wheelforge.fetch.download import Download
from wheelforge.fetch.record import expected_sha256
from wheelforge.fetch.web import Web
from wheelforge.graph import WheelSet
from wheelforge.recipe import ArchiveSource, DebianSource, GitSource, PathSource, PypiSource

if TYPE_CHECKING:
    from wheelforge.fetch.errand import Brought, Errand
    from wheelforge.fetch.record import What


async def bring(what: What, errand: Errand) -> Brought:
    """Bring one source or set of wheels; its digest or commit is what was asked for."""
    if isinstance(what, WheelSet):
        return await wheels.bring(what, errand)
    match what.source:
        case GitSource() as source:
            return await git.bring(what, source, errand)
        case PypiSource() as source:
            return await pypi.bring(what, source, errand)
        case DebianSource() as source:
            return await debian.bring(what, source, errand)
        case ArchiveSource(url=url, mirrors=mirrors):
            addresses = (url, *mirrors)
            return await errand.blocking(
                partial(_archive, errand, expected_sha256(what), addresses)
            )
        case PathSource():
            raise AssertionError("a path is never fetched")


def _archive(errand: Errand, sha256: str, addresses: tuple[str, ...]) -> Brought:
    with Web() as web:
        return Download(errand, web, sha256).bring(addresses)

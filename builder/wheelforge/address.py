"""What a source is called by those who are not on this machine: an address or a package URL."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from wheelforge.recipe import ArchiveSource, DebianSource, GitSource, PypiSource

if TYPE_CHECKING:
    from wheelforge.pin import PinnedSource

_DIGESTS = {"sha256": "sha256", "git": "gitCommit", "tree": "wheelforgeTree"}


def address(pinned: PinnedSource) -> str:
    """Where it comes from; for a path on this machine only what it is called.

    Names and passwords in it are left out.
    """
    match pinned.source:
        case GitSource(url=url, tag=tag) if _is_public(url):
            return f"git+{_without_login(url)}@{tag}"
        case ArchiveSource(url=url) if _is_public(url):
            return _without_login(url)
        case PypiSource(project=project):
            return project_url(project or pinned.recipe, pinned.version)
        case DebianSource(package=package, release=release):
            version = release.get(pinned.version, pinned.version)
            part = "#debian" if pinned.series else ""
            return package_url("deb", package, version, "debian", arch="source") + part
        case _:
            return package_url("generic", pinned.recipe, pinned.version)


def project_url(name: str, version: str, file: str = "") -> str:
    """The package URL of a project of the package index, or of one file of it."""
    return package_url("pypi", name, version, **({"file_name": file} if file else {}))


def package_url(kind: str, name: str, version: str, space: str = "", **qualifiers: str) -> str:
    """A package URL (ECMA-427)."""
    from packageurl import PackageURL

    return PackageURL(kind, space or None, name, version, qualifiers or None).to_string()


def digest_of(identity: str) -> dict[str, str]:
    """An identity (`sha256:…`, `git:…`, `tree:…`) as in-toto writes digests."""
    kind, _, value = identity.partition(":")
    return {_DIGESTS[kind]: value} if value else {}


def _is_public(url: str) -> bool:
    return not url.startswith(("/", "file:"))


def _without_login(url: str) -> str:
    if "://" not in url:  # user@host:path
        return f"ssh://{url.rpartition('@')[2].replace(':', '/', 1)}"
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

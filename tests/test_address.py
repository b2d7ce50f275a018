from __future__ import annotations

import pytest

from wheelforge.address import address, digest_of
from wheelforge.pin import PinnedSource
from wheelforge.recipe import (
    ArchiveSource,
    DebianSource,
    GitSource,
    PathSource,
    PypiSource,
    Source,
)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (GitSource(url="https://host.test/lib.git", tag="v1"), "git+https://host.test/lib.git@v1"),
        (GitSource(url="https://me:pw@host.test/x", tag="v1"), "git+https://host.test/x@v1"),
        (GitSource(url="git@host.test:x/y.git", tag="v1"), "git+ssh://host.test/x/y.git@v1"),
        (GitSource(url="/home/me/lib", tag="v1"), "pkg:generic/lib@1.0"),
        (GitSource(url="file:///home/me/lib", tag="v1"), "pkg:generic/lib@1.0"),
        (ArchiveSource(url="https://me:pw@host.test/a.gz", sha256={}), "https://host.test/a.gz"),
        (ArchiveSource(url="file:///home/me/a.gz", sha256={}), "pkg:generic/lib@1.0"),
        (PypiSource(sha256={}), "pkg:pypi/lib@1.0"),
        (PypiSource(sha256={}, project="Other_Name"), "pkg:pypi/other-name@1.0"),
        (DebianSource(package="srclib", suite="s", release={"1.0": "1.0+ds-3"}, sha256={}),
         "pkg:deb/debian/srclib@1.0%2Bds-3?arch=source"),
        (PathSource(path="/home/me/lib"), "pkg:generic/lib@1.0"),
    ],
)  # fmt: skip
def test_no_place_of_this_machine_and_no_password(source: Source, told: str) -> None:
    pinned = PinnedSource(recipe="lib", version="1.0", source=source, identity="")
    assert address(pinned) == told


@pytest.mark.parametrize(
    ("identity", "found"),
    [
        ("sha256:aa", {"sha256": "aa"}),
        ("git:bb", {"gitCommit": "bb"}),
        ("tree:cc", {"wheelforgeTree": "cc"}),
        ("", {}),
    ],
)
def test_identities_as_digests(identity: str, found: dict[str, str]) -> None:
    assert digest_of(identity) == found

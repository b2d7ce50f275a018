"""Debian sources through a real apt, from an archive of plain files made here."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import msgspec
import pytest
from fetching import Told, fetch, pinned, sha256, tarball

from wheelforge import programs
from wheelforge.errors import InputError
from wheelforge.fetch import Sources, apt_sources
from wheelforge.pin import PinnedSource
from wheelforge.recipe import DebianSource

ORIG = tarball({"acl-1.0/a.c": b"int a;\n"})
PACKAGING = tarball({"debian/patches/series": b""})
needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="apt is not installed")


def release(root: Path, version: str, *, origin: str = "Debian") -> None:
    """Publish acl `version` in the suite `trixie` below `root`."""
    pool, lists = root / "pool", root / "dists/trixie/main/source"
    pool.mkdir(parents=True, exist_ok=True)
    lists.mkdir(parents=True, exist_ok=True)
    (pool / "acl_1.0.orig.tar.gz").write_bytes(ORIG)
    (pool / f"acl_{version}.debian.tar.gz").write_bytes(PACKAGING)
    (pool / f"acl_{version}.dsc").write_bytes(b"dsc")
    names = ("acl_1.0.orig.tar.gz", f"acl_{version}.debian.tar.gz", f"acl_{version}.dsc")
    sums = "".join(
        f" {sha256((pool / name).read_bytes())} {(pool / name).stat().st_size} {name}\n"
        for name in names
    )
    (lists / "Sources").write_text(
        f"Package: acl\nBinary: libacl\nVersion: {version}\nFormat: 3.0 (quilt)\n"
        f"Architecture: any\nDirectory: pool\nChecksums-Sha256:\n{sums}\n"
    )
    body = (lists / "Sources").read_bytes()
    (root / "dists/trixie/Release").write_text(
        f"Origin: {origin}\nLabel: {origin}\nSuite: stable\nCodename: trixie\nComponents: main\n"
        "Architectures: amd64\nDate: Thu, 01 Jan 2026 00:00:00 UTC\n"
        f"SHA256:\n {hashlib.sha256(body).hexdigest()} {len(body)} main/source/Sources\n"
    )


def wanted(
    version: str = "1.0-1", digest: str = sha256(ORIG), suite: str = "trixie"
) -> PinnedSource:
    source = DebianSource(
        package="acl", suite=suite, release={"1.0": version}, sha256={"1.0": digest}
    )
    return pinned(source)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive of Debian's shape that apt is configured for, below a third party's."""
    root = tmp_path / "debian"
    release(root, "1.0-1")
    other = tmp_path / "other"
    release(other, "1.0-1", origin="Somebody")
    etc = tmp_path / "etc"
    (etc / "parts").mkdir(parents=True)
    (etc / "sources.list").write_text(f"deb [trusted=yes] file:{other} trixie main\n")
    (etc / "parts/debian.sources").write_text(
        f"Types: deb\nURIs: file:{root}\nSuites: trixie trixie-updates\nComponents: main\n"
        "Trusted: yes\n"
    )
    config = tmp_path / "apt.conf"
    config.write_text(
        f'Dir::Etc::sourcelist "{etc}/sources.list";\nDir::Etc::sourceparts "{etc}/parts";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(config))
    return root


@needs_apt
def test_the_upstream_tarball_is_taken(offline: Sources, archive: Path) -> None:
    assert archive.is_dir()
    assert fetch(offline, wanted()) == f"sha256:{sha256(ORIG)}"
    (file,) = offline.files(wanted())
    assert (file.name, file.read_bytes()) == ("acl_1.0.orig.tar.gz", ORIG)


@needs_apt
def test_the_tarball_with_the_patches_is_taken(offline: Sources, archive: Path) -> None:
    assert archive.is_dir()
    identity = f"sha256:{sha256(PACKAGING)}"
    patches = msgspec.structs.replace(wanted(), identity=identity, at="debian", series=True)
    assert fetch(offline, patches) == identity
    (file,) = offline.files(patches)
    assert (file.name, file.read_bytes()) == ("acl_1.0-1.debian.tar.gz", PACKAGING)
    wrong = msgspec.structs.replace(patches, identity=f"sha256:{'1' * 64}")
    with pytest.raises(InputError, match="no tarball of the source package") as caught:
        fetch(offline, wrong)
    assert caught.value.where == "recipe acl: source.patches.sha256"


@needs_apt
def test_lists_are_kept_and_refreshed_when_they_lack_the_release(
    offline: Sources, archive: Path, told: Told
) -> None:
    fetch(offline, wanted())
    offline.files(wanted())[0].unlink()
    fetch(offline, wanted(), told)
    assert "Sources" not in told.text
    release(archive, "1.0-2")
    offline.files(wanted())[0].unlink()
    assert fetch(offline, wanted("1.0-2")) == f"sha256:{sha256(ORIG)}"


@needs_apt
def test_a_release_that_is_not_there(offline: Sources, archive: Path) -> None:
    with pytest.raises(InputError, match=r"Can not find version '1\.0-9'") as caught:
        fetch(offline, wanted("1.0-9"))
    assert f"file:{archive}" in caught.value.what
    assert "--source acl=PATH" in caught.value.remedy


@needs_apt
def test_another_digest_names_what_was_found(offline: Sources, archive: Path) -> None:
    assert archive.is_dir()
    with pytest.raises(InputError, match=rf"acl_1\.0\.orig\.tar\.gz has sha256 {sha256(ORIG)}"):
        fetch(offline, wanted(digest="1" * 64))


@needs_apt
def test_only_debians_own_archive_counts(offline: Sources, archive: Path) -> None:
    release(archive, "1.0-1", origin="Somebody")
    with pytest.raises(InputError, match="it is not a Debian archive"):
        fetch(offline, wanted())


def test_without_apt(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find", lambda _: None)
    with pytest.raises(InputError, match="apt is not installed") as caught:
        fetch(sources, wanted())
    assert "--source acl=PATH" in caught.value.remedy


def test_an_unknown_version(sources: Sources) -> None:
    source = DebianSource(package="acl", suite="x", release={}, sha256={"1.0": "0" * 64})
    with pytest.raises(InputError, match="no Debian release is known"):
        fetch(sources, pinned(source))


LISTS = {
    "sources.list": """
# deb http://commented.invalid/debian trixie main
deb [arch=amd64 signed-by=/k.gpg,/l.gpg] http://one.invalid/debian trixie main contrib # why
deb-src http://two.invalid/x bookworm main
deb http://pg.invalid/debian trixie-pgdg main
deb http://sec.invalid/debian-security trixie-security main
deb http://docker.invalid/linux/debian trixie stable
""",
    "d/a.sources": """
Types: deb
# a comment inside
URIs: mirror+file:/m.txt http://three.invalid/debian
Suites: trixie trixie-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc

Enabled: no
Types: deb
URIs: http://off.invalid/debian
Suites: trixie
Components: main
""",
}


def test_configured_archives(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name, text in LISTS.items():
        (tmp_path / name).write_text(text)
    found = apt_sources.configured(tmp_path / "sources.list", tmp_path / "d")
    usable = apt_sources.candidates(found, "trixie", "bookworm")
    assert [archive.uri for archive in usable] == [
        "http://one.invalid/debian",
        "http://three.invalid/debian",
        "http://two.invalid/x",
        "mirror+file:/m.txt",
    ]
    assert "Signed-By: /k.gpg /l.gpg\n" in usable[0].stanza("sid")
    assert "\n .\n abc\n" in usable[1].stanza("sid")
    assert usable[2].stanza("sid").startswith("Types: deb-src\nURIs: http://two.invalid/x\n")
    assert apt_sources.configured(tmp_path / "none", tmp_path / "nowhere") == []


@pytest.mark.slow
@needs_apt
@pytest.mark.parametrize(
    ("package", "version", "debian", "digest"),
    [
        (
            "openblas",
            "0.3.29",
            "0.3.29+ds-3",
            "eb691e2cff83799400da22aa6ab93ebaa346ad317fea578b7ae119e226ce1b01",
        ),
        (
            "lapack",
            "3.12.1",
            "3.12.1-6",
            "2ca6407a001a474d4d4d35f3a61550156050c48016d949f0da0529c0aa052422",
        ),
    ],
)
def test_the_real_archive(
    sources: Sources, package: str, version: str, debian: str, digest: str
) -> None:
    source = DebianSource(
        package=package, suite="trixie", release={version: debian}, sha256={version: digest}
    )
    what = pinned(source, name=package, version=version)
    assert fetch(sources, what) == f"sha256:{digest}"

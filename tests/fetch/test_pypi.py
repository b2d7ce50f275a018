"""Sdists from the index pip is set up for; never built, never guessed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest
from fetching import fetch, pinned, sha256, tarball

from wheelforge.errors import InputError
from wheelforge.fetch import pip_settings, simple_index
from wheelforge.fetch.pip_settings import PipSettings
from wheelforge.fetch.web import Page
from wheelforge.recipe import PypiSource

if TYPE_CHECKING:
    from pathlib import Path

    from fetching import Server, Told

    from wheelforge.fetch import Sources
    from wheelforge.pin import PinnedSource

SDIST = tarball({"acl_lib-1.0/setup.py": b"raise SystemExit('sdists are never run')\n"})
NAME = "acl_lib-1.0.tar.gz"


def wanted(data: bytes = SDIST) -> PinnedSource:
    return pinned(PypiSource(project="ACL.lib", sha256={"1.0": sha256(data)}))


class Pip:
    """pip's settings without half a second of pip; one test below asks the real one."""

    def __init__(self) -> None:
        self.settings = PipSettings(index_url="https://far.invalid/simple")

    def set(self, **words: object) -> None:
        self.settings = msgspec.structs.replace(self.settings, **words)


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Pip:
    fake = Pip()
    monkeypatch.setattr(pip_settings, "read", lambda: fake.settings)
    return fake


def page(*links: str) -> bytes:
    return "".join(f'<a href="{link}">x</a>' for link in links).encode()


@pytest.fixture
def index(server: Server, pip: Pip) -> Server:
    pip.set(index_url=f"{server.url}/simple")
    server.files[f"/files/{NAME}"] = SDIST
    return server


def test_an_html_index(sources: Sources, index: Server) -> None:
    index.files["/simple/acl-lib/"] = page(
        "../../files/acl_lib-1.0-py3-none-any.whl", f"../../files/{NAME}#sha256={sha256(SDIST)}"
    )
    assert fetch(sources, wanted()) == f"sha256:{sha256(SDIST)}"
    (file,) = sources.files(wanted())
    assert (file.name, file.read_bytes()) == (NAME, SDIST)


def test_a_json_index(sources: Sources, index: Server) -> None:
    index.types["/simple/acl-lib/"] = "application/vnd.pypi.simple.v1+json"
    listed = {"filename": NAME, "url": f"/files/{NAME}", "hashes": {"sha256": sha256(SDIST)}}
    index.files["/simple/acl-lib/"] = json.dumps({"files": [listed], "name": "x"}).encode()
    fetch(sources, wanted())
    assert index.requests[0][1]["Accept"].startswith("application/vnd.pypi.simple.v1+json")
    assert sources.have(wanted())


def test_an_index_without_digests_is_checked_after_download(
    sources: Sources, index: Server
) -> None:
    index.files["/simple/acl-lib/"] = page(f"/files/{NAME}")
    fetch(sources, wanted())
    assert sources.have(wanted())


def test_another_sdist_is_named_with_its_digest(sources: Sources, index: Server) -> None:
    index.files["/simple/acl-lib/"] = page(f"/files/{NAME}#sha256={'1' * 64}")
    with pytest.raises(InputError, match=f"{NAME} has sha256 {'1' * 64}, expected {sha256(SDIST)}"):
        fetch(sources, wanted())


def test_every_index_is_named(sources: Sources, index: Server, pip: Pip) -> None:
    pip.set(extra_index_urls=("file:///nowhere", f"{index.url}/broken"))
    index.files["/broken/acl-lib/"] = b"{"
    index.types["/broken/acl-lib/"] = "application/json"
    with pytest.raises(InputError) as caught:
        fetch(sources, wanted())
    text = str(caught.value)
    assert f"{index.url}/simple/acl-lib/: does not know it" in text
    assert "file:///nowhere/acl-lib/: does not know it" in text
    assert f"{index.url}/broken/acl-lib/: Input data was truncated" in text


def test_a_page_is_read_up_to_its_limit(
    sources: Sources, index: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.files["/simple/acl-lib/"] = page(f"/files/{NAME}") + b" " * 2000
    monkeypatch.setenv("WHEELFORGE_LIMITS", "page-bytes=1K")
    with pytest.raises(InputError, match="page is larger than page-bytes allows"):
        fetch(sources, wanted())
    monkeypatch.setenv("WHEELFORGE_LIMITS", "page-bytes=3K")
    fetch(sources, wanted())


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """An index of plain files."""
    folder = tmp_path / "index" / "acl-lib"
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(SDIST)
    (folder / "index.html").write_bytes(page(f"{NAME}#sha256={sha256(SDIST)}"))
    return folder


def test_a_file_index_works_offline(offline: Sources, local: Path, pip: Pip) -> None:
    pip.set(extra_index_urls=(local.parent.as_uri(),))
    fetch(offline, wanted())
    assert offline.have(wanted())


def test_find_links_work_offline(offline: Sources, local: Path, pip: Pip) -> None:
    (local / "index.html").unlink()
    pip.set(find_links=(str(local),))
    fetch(offline, wanted())
    assert offline.have(wanted())


def test_offline_without_any_of_it(offline: Sources, index: Server) -> None:
    with pytest.raises(InputError, match="needs the network"):
        fetch(offline, wanted())
    assert not index.requests


def test_pip_reads_its_own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nextra-index-url = https://a.invalid\n    https://b.invalid\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_TRUSTED_HOST", "a.invalid")
    settings = pip_settings.read()
    assert settings.indexes[0].startswith("https://")
    assert settings.indexes[1:] == ("https://a.invalid", "https://b.invalid")
    assert settings.trusted_hosts == ("a.invalid",)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert pip_settings.read().indexes == ()


def test_pages_may_name_their_base() -> None:
    html = b'<base href="https://files.invalid/x/"><a href="y-1.tar.gz#sha256=ab">y</a><a>z</a>'
    (found,) = simple_index.parse(Page("https://index.invalid/y/", "text/html", html))
    assert found == ("y-1.tar.gz", "https://files.invalid/x/y-1.tar.gz", "ab")


@pytest.mark.slow
def test_the_real_index(sources: Sources, told: Told) -> None:
    known = "c76315c77db068650d49c5b56314774a7804df16fee4402c1f19d6d15d8c4730"
    what = pinned(PypiSource(sha256={"2.3.0": known}), name="iniconfig", version="2.3.0")
    assert fetch(sources, what, told) == f"sha256:{known}"

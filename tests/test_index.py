from __future__ import annotations

import functools
import http.server
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from fake_wheels import make_wheel
from wheelforge import digest, index, wheel
from wheelforge.errors import InputError
from wheelforge.programs import locate

if TYPE_CHECKING:
    from collections.abc import Iterator


class Anchors(HTMLParser):
    """The links of a page, as a browser sees them."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[dict[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "a":
            self.links.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] == ["a"] and data.strip():
            self.texts.append(data)


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_page_json_and_metadata_describe_the_wheel(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "Mini-Torch", "2.5.0+ascend", requires_python=">=3.9,<4")
    files = index.write(tmp_path)
    page = tmp_path / "simple/mini-torch/index.html"
    assert page in files
    assert Anchors(tmp_path / "simple/index.html").links == [{"href": "mini-torch/"}]
    (link,) = Anchors(page).links
    href = link["href"]
    assert href is not None
    url = urlsplit(urljoin(page.as_uri(), href))
    assert Path(unquote(url.path)) == path
    assert url.fragment == f"sha256={digest.of_file(path)}"
    assert link["data-requires-python"] == ">=3.9,<4"
    metadata = Path(unquote(url.path) + ".metadata")
    assert metadata.read_bytes() == wheel.read(path).metadata
    told = f"sha256={digest.of_file(metadata)}"
    assert link["data-core-metadata"] == link["data-dist-info-metadata"] == told

    data = json.loads(page.with_name("index.json").read_text())
    assert data["meta"] == {"api-version": "1.1"}
    assert (data["name"], data["versions"]) == ("mini-torch", ["2.5.0+ascend"])
    assert data["files"] == [
        {
            "filename": path.name,
            "url": href.partition("#")[0],
            "hashes": {"sha256": digest.of_file(path)},
            "requires-python": ">=3.9,<4",
            "size": path.stat().st_size,
            "upload-time": "2025-05-09T12:30:00Z",
            "core-metadata": {"sha256": digest.of_file(metadata)},
        }
    ]
    projects = json.loads((tmp_path / "simple/index.json").read_text())["projects"]
    assert projects == [{"name": "mini-torch"}]


def test_versions_are_in_their_own_order(tmp_path: Path) -> None:
    for version in ("1.10", "1.9", "1.9rc1"):
        make_wheel(tmp_path, "mini", version)
    index.write(tmp_path)
    data = json.loads((tmp_path / "simple/mini/index.json").read_text())
    assert data["versions"] == ["1.9rc1", "1.9", "1.10"]


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    hostile = make_wheel(tmp_path, "evil", requires_python='>=3"><script>alert(1)</script>')
    index.write(tmp_path)
    page = tmp_path / "simple/evil/index.html"
    anchors = Anchors(page)
    assert set(anchors.tags) == {"html", "head", "meta", "title", "body", "a", "br"}
    assert anchors.texts == [hostile.name]
    (link,) = anchors.links
    assert link["data-requires-python"] == '>=3"><script>alert(1)</script>'
    assert Path(unquote(urlsplit(urljoin(page.as_uri(), link["href"] or "")).path)) == hostile
    hostile.rename(tmp_path / 'evil-1.0-1"><img src=x onerror=alert(1)>#?-py3-none-any.whl')
    with pytest.raises(InputError, match="is not a wheel's file name"):
        index.write(tmp_path)


def test_nothing_is_touched_when_nothing_changed(tmp_path: Path) -> None:
    make_wheel(tmp_path, "one")
    make_wheel(tmp_path, "two")
    first = index.write(tmp_path)
    before = stamps(tmp_path)
    assert index.write(tmp_path) == first
    assert stamps(tmp_path) == before


def test_a_memo_spares_reading_wheels_again(tmp_path: Path) -> None:
    make_wheel(tmp_path / "house", "one")
    asked: list[Path] = []

    def sha256(path: Path) -> str:
        asked.append(path)
        return "0" * 64

    index.write(tmp_path / "house", sha256=sha256)
    assert [path.name for path in asked] == ["one-1.0-py3-none-any.whl"]
    page = (tmp_path / "house/simple/one/index.html").read_text()
    assert "#sha256=" + "0" * 64 in page


def test_wheels_that_left_leave_no_trace(tmp_path: Path) -> None:
    make_wheel(tmp_path, "stays")
    gone = make_wheel(tmp_path, "gone")
    foreign = tmp_path / "simple/gone/notes.txt"
    index.write(tmp_path)
    foreign.write_text("the admin's own")
    gone.unlink()
    index.write(tmp_path)
    assert not Path(f"{gone}.metadata").exists()
    assert [path.name for path in foreign.parent.iterdir()] == ["notes.txt"]
    assert "gone" not in (tmp_path / "simple/index.html").read_text()
    foreign.unlink()
    make_wheel(tmp_path, "gone")
    index.write(tmp_path)
    gone.unlink()
    index.write(tmp_path)
    assert [path.name for path in (tmp_path / "simple").iterdir() if path.is_dir()] == ["stays"]


def test_a_damaged_wheel_is_named(tmp_path: Path) -> None:
    make_wheel(tmp_path, "fine")
    (tmp_path / "bad-1.0-py3-none-any.whl").write_bytes(b"PK not a zip")
    with pytest.raises(InputError, match="is not a wheel") as caught:
        index.write(tmp_path)
    assert caught.value.where.endswith("bad-1.0-py3-none-any.whl")


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A static web server on loopback: (its URL, the paths it was asked for)."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def run(*argv: str, home: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    env = {**kept, "HOME": str(home), "PIP_CONFIG_FILE": os.devnull, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.e2e
@pytest.mark.parametrize("way", ["file", "http"])
@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_installers_read_it_from_disk_and_from_a_plain_web_server(
    tmp_path: Path, way: str, installer: str
) -> None:
    house = tmp_path / "a house+é"
    make_wheel(house, "base", "1.0+a64fx")
    make_wheel(house, "top", "2.0", requires=["base>=1"], requires_python=">=3.9")
    index.write(house)
    target = tmp_path / "target"
    with served(house) as (server, asked):
        url = f"{house.as_uri()}/simple/" if way == "file" else f"{server}/simple/"
        words = ["install", "--quiet", "--target", str(target), "--index-url", url, "top"]
        if installer == "pip":
            run(str(locate("pip")), *words, "--no-cache-dir", home=tmp_path)
        else:
            words += ["--no-cache", "--no-config", "--python", sys.executable]
            run(str(locate("uv")), "pip", *words, home=tmp_path)
    assert (target / "base.py").read_text() == "VERSION = '1.0+a64fx'\n"
    assert (target / "top.py").is_file()
    if way == "http":
        assert "/top-2.0-py3-none-any.whl.metadata" in asked

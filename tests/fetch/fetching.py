"""A small web server, and fetches that wait for their end: what all fetch tests use."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from wheelforge.pin import PinnedSource
from wheelforge.recipe import ArchiveSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wheelforge.fetch import Sources
    from wheelforge.graph import WheelSet
    from wheelforge.recipe import Source


class Server:
    """Serves `files` (path → bytes) on the loopback; misbehaves as its fields say."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.ranges = True
        self.failures: list[int] = []  # statuses to answer first, one for each request
        self.cut: list[int] = []  # bytes after which to hang up, one for each request
        self.stall = threading.Event()  # set: send half, then wait until cleared
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stall.clear()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: _Http

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        owner = self.server.owner
        headers = {name.title(): value for name, value in self.headers.items()}
        owner.requests.append((self.path, headers))
        if owner.failures:
            self.send_error(owner.failures.pop(0))
        elif self.path in owner.files:
            self._send(owner.files[self.path])
        else:
            self.send_error(404)

    def _send(self, data: bytes) -> None:
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begin = int(wanted[1]) if wanted and self.server.owner.ranges else None
        if begin is not None and begin >= len(data):
            self.send_error(416)
            return
        self.send_response(200 if begin is None else 206)
        if begin is not None:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        rest = data[begin or 0 :]
        self.send_header("Content-Type", self.server.owner.types.get(self.path, "text/html"))
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self._body(rest)

    def _body(self, data: bytes) -> None:
        owner = self.server.owner
        if owner.cut:
            self.wfile.write(data[: owner.cut.pop(0)])
        elif owner.stall.is_set():
            self.wfile.write(data[: len(data) // 2])
            while owner.stall.is_set():
                time.sleep(0.01)
        else:
            self.wfile.write(data)


class _Http(ThreadingHTTPServer):
    owner: Server


class Told:
    """What a fetch told its listeners."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.amounts: list[tuple[int, int]] = []

    def tell(self, line: str) -> None:
        self.lines.append(line)

    def progress(self, done: int, total: int) -> None:
        self.amounts.append((done, total))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def fetch(sources: Sources, what: PinnedSource | WheelSet, told: Told | None = None) -> str:
    told = told or Told()
    return asyncio.run(sources.fetch(what, told.tell, told.progress))


def pinned(
    source: Source, *, name: str = "acl", version: str = "1.0", identity: str = ""
) -> PinnedSource:
    return PinnedSource(recipe=name, version=version, source=source, identity=identity)


def archive(data: bytes, url: str, *mirrors: str) -> PinnedSource:
    """An archive source for exactly `data`."""
    return pinned(ArchiveSource(url=url, sha256={"1.0": sha256(data)}, mirrors=mirrors))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tarball(files: Mapping[str, bytes]) -> bytes:
    """A gzipped tar of `files`."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()

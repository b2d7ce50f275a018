"""Downloads one file whose SHA-256 is known, from the first address that has it.

What was received survives a failure or a kill: the next attempt asks for the rest only.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from urllib3.exceptions import HTTPError, LocationValueError, MaxRetryError, SSLError

from wheelforge import atomic, digest
from wheelforge.errors import InputError
from wheelforge.fetch.errand import Brought, Errand
from wheelforge.fetch.record import safe_name
from wheelforge.fetch.web import Web, shown
from wheelforge.untrusted import most
from wheelforge.untrusted.limits import DOWNLOAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from urllib3 import BaseHTTPResponse

ATTEMPTS = 4
BACKOFF_SECONDS = 0.5
_CHUNK = 1 << 18
_NUMBER = re.compile(r"[0-9]{1,18}")
_TELL_SECONDS = 0.1
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_OK, _PARTIAL, _PAST_END = 200, 206, 416


class _AddressError(Exception):
    """One address failed for good."""


class _TransientError(Exception):
    """One address failed in a way that may pass."""


class Download:
    """One file on its way: `part` holds what has arrived so far."""

    def __init__(self, errand: Errand, web: Web, sha256: str) -> None:
        self._errand = errand
        self._web = web
        self._sha256 = sha256
        self._part = errand.root / "parts" / f"{sha256}.part"
        self._told = 0.0

    def bring(self, addresses: Sequence[str]) -> Brought:
        """Try each address in turn; raises InputError naming every one with its reason."""
        usable = [
            address
            for address in addresses
            if not self._errand.offline or urlsplit(address).scheme == "file"
        ]
        if not usable:
            raise self._errand.offline_error()
        reasons: dict[str, str] = {}
        with atomic.told(self._errand.root, "WHEELFORGE_HOME"):
            self._part.parent.mkdir(parents=True, exist_ok=True)
            for address in usable:
                self._errand.tell(f"downloading {shown(address)}")
                try:
                    self._from(address)
                except _AddressError as error:
                    reasons[shown(address)] = str(error)
                    self._errand.tell(f"{shown(address)}: {error}")
                else:
                    return self._finished(address)
        raise self._failed(reasons)

    def _finished(self, address: str) -> Brought:
        name = safe_name(unquote(urlsplit(address).path.rpartition("/")[2]), self._sha256[:16])
        done = self._errand.scratch / name
        self._part.replace(done)
        return Brought((done,), f"sha256:{self._sha256}", shown(address))

    def _failed(self, reasons: dict[str, str]) -> InputError:
        remedy = (
            f"check the network and the proxy settings, correct source.sha256 or source.mirrors in "
            f"the recipe, or give --source {self._errand.label.split()[0]}=PATH"
        )
        if len(reasons) == 1:
            address, reason = reasons.popitem()
            return InputError(f"{self._errand.label}: {reason}", where=address, remedy=remedy)
        listed = "".join(f"\n    {address}: {reason}" for address, reason in reasons.items())
        what = f"no address has what is wanted:{listed}"
        return InputError(what, where=self._errand.label, remedy=remedy)

    def _from(self, address: str) -> None:
        reason = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._errand.tell(f"{shown(address)}: {reason}; trying again")
                self._errand.stop.check(BACKOFF_SECONDS * 2 ** (attempt - 1))
            resumed = self._part.exists() and self._part.stat().st_size > 0
            if resumed and digest.of_file(self._part) == self._sha256:
                return
            try:
                self._transfer(address)
            except _TransientError as error:
                reason = str(error)
                continue
            found = digest.of_file(self._part)
            if found == self._sha256:
                return
            self._part.unlink()
            reason = f"its sha256 is {found}, expected {self._sha256}"
            if not resumed:
                raise _AddressError(reason)
        raise _AddressError(reason)

    def _transfer(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme == "file":
            self._copy(Path(unquote(parts.path)))
        elif parts.scheme in {"http", "https"}:
            try:
                self._receive(address)
            except LocationValueError as error:
                raise _AddressError(_reason(error)) from error
            except HTTPError as error:
                self._errand.stop.check()
                kind = _AddressError if isinstance(_cause(error), SSLError) else _TransientError
                raise kind(_reason(error)) from error
        else:
            raise _AddressError(f"'{parts.scheme}' addresses are not supported")

    def _copy(self, path: Path) -> None:
        try:
            source = path.open("rb")
        except OSError as error:
            raise _AddressError(error.strerror or str(error)) from error
        with source, self._part.open("wb") as out:
            blocks = iter(lambda: source.read(_CHUNK), b"")
            self._write(blocks, out, path.stat().st_size)

    def _receive(self, address: str) -> None:
        have = self._part.stat().st_size if self._part.exists() else 0
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        response = self._web.get(address, headers)
        self._errand.stop.interrupt = getattr(response, "shutdown", response.close)
        try:
            have = self._start(response, have)
            length = response.headers.get("Content-Length", "")
            total = have + (int(length) if _NUMBER.fullmatch(length) else 0)
            with self._part.open("ab" if have else "wb") as out:
                self._write(response.stream(_CHUNK, decode_content=False), out, total)
        finally:
            self._errand.stop.interrupt = lambda: None
            response.close()

    def _start(self, response: BaseHTTPResponse, have: int) -> int:
        """How many bytes of the part stay, by the server's answer."""
        if response.status == _PARTIAL and have:
            begins = response.headers.get("Content-Range", "").partition("-")[0]
            if begins == f"bytes {have}":
                return have
        elif response.status == _OK:
            return 0
        if response.status in {_PARTIAL, _PAST_END} and have:
            self._part.unlink()
            raise _TransientError("the server cannot go on where the last download stopped")
        reason = f"HTTP status {response.status} {response.reason or ''}".strip()
        raise (_TransientError if response.status in _AGAIN else _AddressError)(reason)

    def _write(self, blocks: Iterator[bytes], out: IO[bytes], total: int) -> None:
        done = out.tell()
        if total - done > shutil.disk_usage(self._part.parent).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._part.parent))
        for block in blocks:
            self._errand.stop.check()
            out.write(block)
            done += len(block)
            if done > most(DOWNLOAD_BYTES):
                self._part.unlink()
                raise _AddressError(DOWNLOAD_BYTES.exceeded("the file is", where="").what)
            if time.monotonic() - self._told > _TELL_SECONDS:
                self._told = time.monotonic()
                self._errand.progress(done, total)
        self._errand.progress(done, total)


def _cause(error: HTTPError) -> Exception:
    return error.reason or error if isinstance(error, MaxRetryError) else error


def _reason(error: HTTPError) -> str:
    """The last part of urllib3's message: the rest names the pool and the address again."""
    cause = _cause(error)
    text = str(cause).rpartition(": ")[2] if "Errno" in str(cause) else str(cause)
    return f"no answer ({type(cause).__name__}: {text})"

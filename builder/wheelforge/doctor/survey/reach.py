"""Tries package indexes and hosts the way fetching will: same certificates, proxies, logins."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from wheelforge.doctor.machine import Network, Reach
from wheelforge.doctor.survey.errand import Errand
from wheelforge.errors import ForgeError
from wheelforge.fetch import pip_settings, web

SECONDS = 2.0
_REFUSED = frozenset({401, 403, 407})
_SSH = 22
_SAID = {
    "NameResolutionError": "its name cannot be resolved",
    "ConnectTimeoutError": "no answer",
    "NewConnectionError": "no connection",
    "ProxyError": "the proxy refuses",
    "SSLError": "its certificate is not trusted",
}


def network(addresses: Sequence[str], *, index: bool) -> Network:
    """Try what is asked for, all at once; at most SECONDS for all of it."""
    deadline = time.monotonic() + SECONDS
    hosts = [_Try(address, partial(_host, address)) for address in addresses]
    indexes: list[_Try] = []
    trouble = ""
    if index:
        try:
            settings = pip_settings.read()
            indexes = [
                _Try(web.shown(at), partial(_index, at, settings)) for at in settings.indexes
            ]
            trouble = "" if indexes else "pip is told to use no index"
        except ForgeError as error:
            trouble = error.what
    return Network(
        indexes=tuple(item.reach(deadline) for item in indexes),
        hosts=tuple(item.reach(deadline) for item in hosts),
        trouble=trouble,
    )


class _Try:
    """An address that is being tried by `work`, which returns its fault."""

    def __init__(self, address: str, work: partial[str]) -> None:
        self._address = address
        self._errand = Errand(partial(_told, work), f"no answer in {SECONDS:.0f} s")

    def reach(self, deadline: float) -> Reach:
        return Reach(self._address, self._errand.result(deadline))


def _told(work: partial[str]) -> str:
    """A fault in a few words; urllib3's errors hold their cause as `reason`."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - whatever it is, it was not reached
        cause = getattr(error, "reason", error)
        name = type(cause).__name__
        return _SAID.get(name) or str(getattr(cause, "strerror", "") or "") or name


def _index(address: str, settings: pip_settings.PipSettings) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"}:
        return "" if Path(parts.path).is_dir() else "no such folder"
    client = web.Web(
        cert=settings.cert or "",
        client_cert=settings.client_cert or "",
        proxy=settings.proxy or "",
        trusted=settings.trusted_hosts,
    )
    with client:
        return _asked(client, f"{address.rstrip('/')}/pip/")


def _host(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme in {"http", "https"}:
        with web.Web() as client:
            return _asked(client, f"{address}/", refused=frozenset())
    with socket.create_connection((parts.hostname or "", parts.port or _SSH), timeout=SECONDS):
        return ""


def _asked(client: web.Web, address: str, refused: frozenset[int] = _REFUSED) -> str:
    response = client.get(address, {})
    response.close()
    if response.status in refused or response.status >= 500:  # noqa: PLR2004
        return f"HTTP status {response.status}"
    return ""

"""Talks HTTP the way this machine is set up: its certificates, proxies and credentials."""

from __future__ import annotations

import netrc
import os
import ssl
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

import urllib3
from urllib3.util import Retry, Timeout, make_headers, parse_url

from wheelforge import __version__
from wheelforge.untrusted import most
from wheelforge.untrusted.limits import PAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_CONNECT_SECONDS = 15.0
_READ_SECONDS = 30.0
# where distributions keep their certificates, for Pythons that were built elsewhere
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


class Page(NamedTuple):
    """A page of an index: where it is after redirects, its content type, its bytes."""

    address: str
    type: str
    body: bytes


class Web:
    """A client for http and https addresses; a context manager that closes its connections.

    `cert`, `proxy` and `client_cert` override the environment; hosts in `trusted` are not asked
    for a valid certificate.
    """

    def __init__(
        self,
        *,
        cert: str = "",
        client_cert: str = "",
        proxy: str = "",
        trusted: Collection[str] = (),
    ) -> None:
        self._cert = cert
        self._client_cert = client_cert
        self._proxy = proxy
        self._trusted = frozenset(trusted)
        self._pools: dict[tuple[str, bool], urllib3.PoolManager] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self._pools.values():
            pool.clear()

    def get(self, address: str, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Open an address; the body is left to be read. Raises urllib3's HTTPError."""
        pool = self._pool(address)
        return pool.request(
            "GET",
            shown(address),
            headers={"User-Agent": f"wheelforge/{__version__}", **_login(address), **headers},
            preload_content=False,
            retries=Retry(connect=0, read=0, status=0, other=0, redirect=10),
            timeout=Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
        )

    def page(self, address: str, accept: str) -> Page | None:
        """Read a whole page; None when there is none (404). Raises urllib3's HTTPError.

        InputError where it is larger than a page may be, however small it was packed.
        """
        response = self.get(address, {"Accept": accept})
        try:
            if response.status in {404, 410}:
                return None
            if response.status != 200:  # noqa: PLR2004
                raise urllib3.exceptions.HTTPError(f"HTTP status {response.status}")
            body = response.read(most(PAGE_BYTES) + 1, decode_content=True)
        finally:
            response.close()
        if len(body) > most(PAGE_BYTES):
            raise PAGE_BYTES.exceeded("the page is", where=shown(address))
        for past in response.retries.history if response.retries else ():
            address = urljoin(address, past.redirect_location or "")
        return Page(address, response.headers.get("Content-Type", ""), body)

    def _pool(self, address: str) -> urllib3.PoolManager:
        parts = urlsplit(address)
        host = parts.hostname or ""
        proxy = self._proxy or _proxy_for(parts.scheme, host)
        verify = not self._trusted & {host, f"{host}:{parts.port}"}
        pool = self._pools.get((proxy, verify))
        if pool is None:
            pool = self._pools[proxy, verify] = self._new_pool(proxy, verify=verify)
        return pool

    def _new_pool(self, proxy: str, *, verify: bool) -> urllib3.PoolManager:
        context = _context(self._cert)
        if self._client_cert:
            context.load_cert_chain(self._client_cert)
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        if not proxy:
            return urllib3.PoolManager(ssl_context=context)
        login = parse_url(proxy).auth
        headers = make_headers(proxy_basic_auth=unquote(login)) if login else None
        return urllib3.ProxyManager(proxy, proxy_headers=headers, ssl_context=context)


def shown(address: str) -> str:
    """An address without the name and password it may hold: for messages and records."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _login(address: str) -> dict[str, str]:
    """Basic credentials from the address itself, else from the user's netrc file."""
    parts = urlsplit(address)
    if parts.username:
        return make_headers(basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}")
    with suppress(OSError, netrc.NetrcParseError, RuntimeError):
        file = os.environ.get("NETRC") or str(Path.home() / ".netrc")
        found = netrc.netrc(file).authenticators(parts.hostname or "")
        if found:
            return make_headers(basic_auth=f"{found[0]}:{found[2]}")
    return {}


def _proxy_for(scheme: str, host: str) -> str:
    if urllib.request.proxy_bypass(host):
        return ""
    proxies = urllib.request.getproxies()
    found = proxies.get(scheme) or proxies.get("all") or ""
    return found if "://" in found or not found else f"http://{found}"


def _context(cert: str) -> ssl.SSLContext:
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    bundle = cert or next((os.environ[name] for name in names if os.environ.get(name)), "")
    if bundle:
        folder = Path(bundle).is_dir()
        return ssl.create_default_context(
            cafile=None if folder else bundle, capath=bundle if folder else None
        )
    context = ssl.create_default_context()  # honours SSL_CERT_FILE and SSL_CERT_DIR
    if not context.cert_store_stats()["x509_ca"] and "SSL_CERT_DIR" not in os.environ:
        for path in filter(os.path.isfile, _BUNDLES):
            context.load_verify_locations(path)
    return context

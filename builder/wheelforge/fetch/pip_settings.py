"""pip's own settings, read by pip itself: its files, its environment variables, its defaults."""

from __future__ import annotations

import sys

import msgspec

from wheelforge import process
from wheelforge.errors import InputError

# pip's configuration has no public interface that also knows the default index and precedence
_ASK = """
import json
from pip._internal.commands import create_command
options, _ = create_command("download").parser.parse_args([])
names = ("index_url", "extra_index_urls", "no_index", "find_links", "cert", "client_cert", "proxy",
         "trusted_hosts")
print(json.dumps({name: getattr(options, name) for name in names}))
"""


class PipSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where pip looks for packages and how it gets there."""

    index_url: str
    extra_index_urls: tuple[str, ...] = ()
    no_index: bool | int = False  # a number where an environment variable sets it
    find_links: tuple[str, ...] = ()
    cert: str | None = None
    client_cert: str | None = None
    proxy: str | None = None
    trusted_hosts: tuple[str, ...] = ()

    @property
    def indexes(self) -> tuple[str, ...]:
        """The indexes in the order pip asks them."""
        return () if self.no_index else (self.index_url, *self.extra_index_urls)


def read() -> PipSettings:
    """Ask the pip beside wheelforge (takes about half a second)."""
    try:
        answer = process.capture([sys.executable, "-P", "-c", _ASK])
        return msgspec.json.decode(answer, type=PipSettings)
    except (process.ProgramError, msgspec.DecodeError) as error:
        raise InputError(
            f"pip's settings cannot be read: {error}",
            where="pip",
            remedy="try 'python -m pip config list' in wheelforge's environment",
        ) from error

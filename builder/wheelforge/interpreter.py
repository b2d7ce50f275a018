"""The Python that wheels are built for."""

from __future__ import annotations

import msgspec


class Interpreter(msgspec.Struct, frozen=True, kw_only=True):
    """A CPython: `path` starts it, `tag` is its wheel tag (cp312), `soabi` its extension suffix.

    `include` is the folder for its headers, which may be missing. `env` are variables without
    which it and the programs of its machine do not start: those of the emulator.
    """

    path: str
    version: str
    tag: str
    soabi: str
    platform: str
    include: str = ""
    env: dict[str, str] = {}

    @property
    def series(self) -> str:
        """`"3.12"`."""
        return ".".join(self.version.split(".")[:2])

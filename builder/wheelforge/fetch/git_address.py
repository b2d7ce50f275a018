"""Which repository addresses are followed, and what a submodule's relative address means."""

from __future__ import annotations

import re

from wheelforge.errors import InputError
from wheelforge.fetch.web import shown

# `ext::` and the like run programs; they match none of these
_HOST = re.compile(r"(?:https?|ssh|git)://(?!-)[^/]+/|(?!-)[\w.@-]+@(?!-)[\w.-]+:")
_LOCAL = re.compile(r"(?:file://)?/")


def is_local(address: str) -> bool:
    """Whether a repository is on this machine."""
    return _LOCAL.match(address) is not None


def checked(address: str) -> str:
    """A recipe's address; InputError when it is of a kind that is not followed."""
    if not is_local(address) and not _HOST.match(address):
        raise InputError(
            "a repository's address begins with https://, ssh://, git://, file:// or user@host:",
            where=shown(address),
            remedy="correct source.url or source.mirrors in the recipe",
        )
    return address


def resolve(parent: str, address: str) -> str:
    """A submodule's address; `./` and `../` at its beginning are relative to its parent's.

    Empty when it must not be followed: other kinds, a path on this machine below a parent that is
    elsewhere, and `../` that would climb to another host.
    """
    root = (_HOST.match(parent) or _LOCAL.match(parent) or [""])[0]
    base = parent[len(root) :].strip("/").split("/") if root else []
    if not address.startswith(("./", "../")):
        allowed = _HOST.match(address) or (is_local(parent) and is_local(address))
        return address if allowed else ""
    while address.startswith(("./", "../")):
        if address.startswith("../"):
            if not base:
                return ""
            base.pop()
        address = address.partition("/")[2]
    return root + "/".join([*base, address]) if root and address else ""

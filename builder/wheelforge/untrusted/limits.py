"""How much of anything is taken from elsewhere: defaults far above what is ever seen."""

from __future__ import annotations

import os
import re
from typing import NamedTuple

from wheelforge.errors import InputError, nearest

VARIABLE = "WHEELFORGE_LIMITS"
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_AMOUNT = re.compile(r"(\d{1,15})([KMGT]?)(?:i?B)?")


class Limit(NamedTuple):
    """A limit that WHEELFORGE_LIMITS may change: its name there, its default, what it counts."""

    name: str
    default: int
    counts: str

    def exceeded(self, what: str, *, where: str) -> InputError:
        """What is said where there is more: `what` begins the sentence."""
        return InputError(
            f"{what} larger than {self.name} allows ({self.counts}: {shown(most(self))})",
            where=where,
            remedy=f"where that is as it should be: {VARIABLE}={self.name}=AMOUNT",
        )


ARCHIVE_BYTES = Limit("archive-bytes", 64 << 30, "bytes an archive unpacks to")
ARCHIVE_ENTRIES = Limit("archive-entries", 2_000_000, "entries of an archive")
WHEEL_BYTES = Limit("wheel-bytes", 32 << 30, "bytes a wheel unpacks to")
WHEEL_ENTRIES = Limit("wheel-entries", 200_000, "entries of a wheel")
METADATA_BYTES = Limit("metadata-bytes", 8 << 20, "bytes of a wheel's METADATA")
DOWNLOAD_BYTES = Limit("download-bytes", 64 << 30, "bytes of one download")
PAGE_BYTES = Limit("page-bytes", 64 << 20, "bytes of a page of an index")
LOCK_BYTES = Limit("lock-bytes", 64 << 20, "bytes of a lock")
PLAN_BYTES = Limit("plan-bytes", 256 << 20, "bytes of a plan")
RECIPE_BYTES = Limit("recipe-bytes", 1 << 20, "bytes of a recipe or another TOML file")
PROBED_BYTES = Limit("probed-bytes", 16 << 20, "bytes of a file that is asked for a version")
PATCH_BYTES = Limit("patch-bytes", 64 << 20, "bytes of a patch")

LIMITS = {
    limit.name: limit
    for limit in (
        ARCHIVE_BYTES, ARCHIVE_ENTRIES, WHEEL_BYTES, WHEEL_ENTRIES, METADATA_BYTES,
        DOWNLOAD_BYTES, PAGE_BYTES, LOCK_BYTES, PLAN_BYTES, RECIPE_BYTES, PROBED_BYTES, PATCH_BYTES,
    )
}  # fmt: skip


def most(limit: Limit) -> int:
    """The limit in force; InputError where WHEELFORGE_LIMITS is malformed."""
    said = os.environ.get(VARIABLE)
    return _changed(said).get(limit.name, limit.default) if said else limit.default


def shown(amount: int) -> str:
    """An amount as WHEELFORGE_LIMITS takes it: `64G`, `200000`."""
    for unit, size in reversed(_UNITS.items()):
        if size > 1 and amount >= size and amount % size == 0:
            return f"{amount // size}{unit}"
    return str(amount)


def _changed(said: str) -> dict[str, int]:
    found = {}
    for word in said.replace(",", " ").split():
        name, _, amount = word.partition("=")
        match = _AMOUNT.fullmatch(amount)
        if name not in LIMITS or match is None:
            raise InputError(
                f"'{word}' is not LIMIT=AMOUNT",
                where=VARIABLE,
                remedy=f"write it as archive-bytes=128G; {nearest(name, LIMITS)}",
            )
        found[name] = int(match[1]) * _UNITS[match[2]]
    return found

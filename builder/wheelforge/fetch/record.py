"""What the cache knows about a source: its canonical description and the record kept under it."""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

from wheelforge import digest
from wheelforge.errors import InputError
from wheelforge.graph import WheelSet
from wheelforge.pin import PinnedSource
from wheelforge.recipe import GitSource, PathSource
from wheelforge.untrusted import named

What: TypeAlias = PinnedSource | WheelSet

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+~!-]{0,200}")


class FileRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file of the cache: its name, its SHA-256 and its size in bytes."""

    name: str
    sha256: str
    size: int


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a fetch brought. `of` is the description it is kept under, `address` its origin."""

    of: dict[str, str | bool | list[str]]
    identity: str
    files: tuple[FileRecord, ...]
    address: str = msgspec.field(name="from", default="")

    @property
    def key(self) -> str:
        """The record's name: the digest of its description."""
        return digest.of_value(self.of)

    def fault(self) -> str:
        """Why the record contradicts itself; empty when it does not.

        Records come from bundles and disks: names must stay inside their folder, and whatever the
        description promises (a digest, a commit, a set of files) the record must hold.
        """
        if not all(isinstance(self.of.get(name, ""), str) for name in ("kind", "sha256", "commit")):
            return "its description is none"
        for file in self.files:
            if not _NAME.fullmatch(file.name) or not _SHA256.fullmatch(file.sha256):
                return f"it names the impossible file '{named(file.name)}'"
        digests = {file.sha256 for file in self.files}
        kept = {"sha256": {str(self.of.get("sha256"))}, "git": digests, "wheels": digests}
        expected = {
            "sha256": f"sha256:{self.of.get('sha256')}",
            "git": f"git:{self.of.get('commit') or self.identity.removeprefix('git:')}",
            "wheels": of_set(digests),
        }
        kind = str(self.of.get("kind"))
        if kind not in expected or self.identity != expected[kind] or digests != kept[kind]:
            return f"its files are not what '{self.identity}' stands for"
        return "" if kind == "wheels" or len(self.files) == 1 else "it has more than one file"


def of_set(digests: set[str]) -> str:
    """The identity of a set of files."""
    return f"sha256:{digest.of_value(sorted(digests))}"


def describe(what: What) -> dict[str, str | bool | list[str]]:
    """What a source is, wherever it comes from: addresses count only where no digest is known."""
    if isinstance(what, WheelSet):
        return {
            "kind": "wheels",
            "requires": sorted(what.requires),
            "tag": what.tag,
            "platform": what.platform,
            "python": ".".join(what.python.split(".")[:2]),
        }
    if not isinstance(what.source, GitSource):
        return {"kind": "sha256", "sha256": expected_sha256(what)}
    commit = static_identity(what).removeprefix("git:")
    origin = {"commit": commit} if commit else {"url": what.source.url, "tag": what.source.tag}
    return {
        "kind": "git",
        "name": what.recipe,
        "version": what.version,
        "submodules": what.source.submodules,
        **origin,
    }


def static_identity(what: What) -> str:
    """What a source must be, known without fetching it; empty where only fetching can tell."""
    if isinstance(what, WheelSet):
        return ""
    if what.identity:
        return what.identity
    source = what.source
    if isinstance(source, PathSource):
        return ""
    known = source.commit if isinstance(source, GitSource) else source.sha256
    kind = "git" if isinstance(source, GitSource) else "sha256"
    return f"{kind}:{known[what.version]}" if what.version in known else ""


def expected_sha256(what: PinnedSource) -> str:
    """The SHA-256 the recipe gives for a source's file."""
    found = static_identity(what).removeprefix("sha256:").lower()
    if not _SHA256.fullmatch(found):
        raise InputError(
            f"no valid sha256 is known for {what.recipe} {what.version}",
            where=f"recipe {what.recipe}: source.sha256",
            remedy=f"add it there, or give --source {what.recipe}=PATH",
        )
    return found


def label(what: What) -> str:
    """A source's name for people: `acl 25.02.1`."""
    if isinstance(what, WheelSet):
        return f"wheels of {', '.join(what.requires)} for {what.tag} {what.platform}"
    part = "Debian's patches of " if what.series else ""
    return f"{part}{what.recipe} {what.version}"


def safe_name(name: str, otherwise: str) -> str:
    """A file name that came from an address, with nothing in it that a shell or path could mind."""
    cleaned = re.sub(r"[^A-Za-z0-9._+~!-]", "_", name)[-150:].lstrip(".-+~!")
    return cleaned or otherwise

"""What a wheelhouse's lock and index claim of its wheels."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import unquote

import msgspec

from wheelforge import digest
from wheelforge.errors import InputError, RejectedError
from wheelforge.untrusted import contents, decoded, tags
from wheelforge.untrusted.limits import LOCK_BYTES
from wheelforge.wheel import PYLOCK, REQUIREMENTS, SIMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PIN = re.compile(r"(\S+?)==(\S+)((?: --hash=sha256:[0-9a-f]{64})+)")
_T = TypeVar("_T")


class Pin(NamedTuple):
    """A line of requirements.lock."""

    name: str
    version: str
    hashes: tuple[str, ...]


class Claim(NamedTuple):
    """What document `source` says of a wheel file; None where it says nothing."""

    source: str
    file: str
    sha256: str | None = None
    size: int | None = None
    metadata: str | None = None


class _Locked(msgspec.Struct, kw_only=True):
    path: str
    size: int
    hashes: dict[str, str]


class _Package(msgspec.Struct, kw_only=True):
    wheels: list[_Locked]


class _Pylock(msgspec.Struct, kw_only=True):
    packages: list[_Package]


class _Listed(msgspec.Struct, kw_only=True, rename="kebab"):
    url: str
    size: int
    hashes: dict[str, str]
    core_metadata: dict[str, str]


class _Project(msgspec.Struct, kw_only=True):
    files: list[_Listed]


def read_claims(wheelhouse: Path) -> tuple[list[Pin], list[Claim]]:
    """The pins of requirements.lock, and what every other document says.

    InputError when there is no lock, RejectedError when a document cannot be read.
    """
    pins = list(_pins(wheelhouse / REQUIREMENTS))
    claims = list(_pylock_claims(wheelhouse / PYLOCK))
    for path in sorted(wheelhouse.glob("*.whl.metadata")):
        metadata = digest.of_file(path)
        claims.append(Claim(path.name, path.name.removesuffix(".metadata"), metadata=metadata))
    for page in sorted(wheelhouse.glob(f"{SIMPLE}/*/index.*")):
        source = page.relative_to(wheelhouse).as_posix()
        claims += (
            _html_claims(page, source) if page.suffix == ".html" else _json_claims(page, source)
        )
    return pins, claims


def _pins(path: Path) -> Iterator[Pin]:
    for line in _text(path).splitlines():
        if not line or line.startswith("#"):
            continue
        if (match := _PIN.fullmatch(line)) is None:
            raise _unreadable(path, line)
        name, version, hashes = match.groups()
        yield Pin(name, version, tuple(hashes.replace("--hash=sha256:", "").split()))


def _pylock_claims(path: Path) -> Iterator[Claim]:
    for package in _decoded(path, _Pylock).packages:
        for one in package.wheels:
            yield Claim(path.name, one.path, one.hashes.get("sha256", ""), one.size)


def _json_claims(page: Path, source: str) -> Iterator[Claim]:
    for one in _decoded(page, _Project).files:
        metadata = one.core_metadata.get("sha256", "")
        yield Claim(source, _file(one.url), one.hashes.get("sha256", ""), one.size, metadata)


def _html_claims(page: Path, source: str) -> Iterator[Claim]:
    try:
        links = tags(_text(page), {"a"})
    except ValueError as error:
        raise _unreadable(page, str(error)) from error
    for _, said in links:
        url, _, sha256 = (said.get("href") or "").partition("#sha256=")
        metadata = (said.get("data-core-metadata") or "").removeprefix("sha256=")
        yield Claim(source, _file(url), sha256, metadata=metadata)


def _file(url: str) -> str:
    return unquote(url).removeprefix("../../")


def _decoded(path: Path, kind: type[_T]) -> _T:
    text = _text(path)
    try:
        if path.suffix != ".toml":
            return decoded(text.encode(), kind)
        return msgspec.convert(tomllib.loads(text), kind)
    # tomllib lets the recursion it runs into, and numbers of thousands of digits, pass as they are
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _unreadable(path, str(error)) from error


def _text(path: Path) -> str:
    try:
        return contents(path, LOCK_BYTES).decode()
    except FileNotFoundError as error:
        remedy = "run 'wheelforge build' first, or name a wheelhouse with --wheelhouse"
        raise InputError("there is no such file", where=str(path), remedy=remedy) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error


def _unreadable(path: Path, why: str) -> RejectedError:
    remedy = "copy the wheelhouse again, or run 'wheelforge build' again"
    return RejectedError(f"cannot be read: {why}", where=str(path), remedy=remedy)

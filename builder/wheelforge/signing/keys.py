"""Ed25519 keys in PEM files: the private one for its owner's eyes only."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wheelforge import atomic, digest
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

PUBLIC = ".pub"
_LARGEST = 1 << 14  # bytes of a PEM file; these have 119 and 113


class Key(NamedTuple):
    """A public key, and the SHA-256 of its DER form that signatures name it by."""

    public: Ed25519PublicKey
    id: str


class Signer(NamedTuple):
    """A private key with its public one."""

    private: Ed25519PrivateKey
    key: Key


def generate(path: Path) -> tuple[Path, str]:
    """Write a new private key to `path` (0600) and its public one beside; that file, and the id.

    InputError where one of them is there already.
    """
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    beside = path.with_name(path.name + PUBLIC)
    made = Ed25519PrivateKey.generate()
    pem = made.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    shown = made.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    with atomic.told(path.parent, "another FILE"):
        for file, data, mode in ((path, pem, 0o600), (beside, shown, 0o644)):
            _create(file, data, mode)
    return beside, _key(made.public_key()).id


def private(path: Path) -> Signer:
    """Read a private key; InputError where others may read it, or it is none."""
    mode = stat.S_IMODE(_stat(path).st_mode)
    if mode & 0o077:
        raise InputError(
            f"others than its owner may use it (its mode is {mode:04o})",
            where=str(path),
            remedy=f"chmod 600 {path}; and make a new one, if somebody else may have read it",
        )
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(_contents(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unfit(path, f"is no private key without a password: {error}") from error
    if not isinstance(found, Ed25519PrivateKey):
        raise _unfit(path, "is a private key of another kind than Ed25519")
    return Signer(found, _key(found.public_key()))


def public(path: Path) -> Key:
    """Read a public key; InputError where it is none."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        found = load_pem_public_key(_contents(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unfit(path, f"is no public key: {error}") from error
    if not isinstance(found, Ed25519PublicKey):
        raise _unfit(path, "is a public key of another kind than Ed25519")
    return _key(found)


def _key(public: Ed25519PublicKey) -> Key:
    from cryptography.hazmat.primitives import serialization as form

    der = public.public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
    return Key(public, digest.of_bytes(der))


def _create(path: Path, data: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        remedy = "give another name: what it signed could not be told from what a new one signs"
        raise InputError("is there already", where=str(path), remedy=remedy) from error
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)  # whatever the umask
        file.write(data)


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise _unread(path, error) from error


def _contents(path: Path) -> bytes:
    if not stat.S_ISREG(_stat(path).st_mode):
        raise _unfit(path, "is not a regular file")
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        raise _unread(path, error) from error


def _unread(path: Path, error: OSError) -> InputError:
    remedy = "wheelforge keygen FILE makes a key"
    return InputError(f"cannot be read: {error.strerror}", where=str(path), remedy=remedy)


def _unfit(path: Path, what: str) -> InputError:
    remedy = "signing takes FILE of 'wheelforge keygen FILE', verifying takes FILE.pub"
    return InputError(what, where=str(path), remedy=remedy)

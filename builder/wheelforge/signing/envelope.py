"""DSSE envelopes (github.com/secure-systems-lab/dsse): what was signed, and by whom.

The signature is over the kind of the payload and its bytes, so that nothing signed as one thing is
taken for another.
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

import msgspec

from wheelforge.errors import ForgeError, RejectedError
from wheelforge.signing.keys import Key, Signer
from wheelforge.untrusted import contents, decoded
from wheelforge.untrusted.limits import PLAN_BYTES

SUFFIX = ".dsse"
STATEMENT, LOCK = "application/vnd.in-toto+json", "application/vnd.wheelforge.lock"


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """A signature in base64 by the key called `keyid`."""

    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The payload in base64, and signatures of it."""

    payload: str
    payload_type: str
    signatures: tuple[Signature, ...]


def place(file: Path) -> Path:
    """Where the envelope of a file is."""
    return file.with_name(file.name + SUFFIX)


def signed(data: bytes, kind: str, signer: Signer) -> bytes:
    """An envelope around `data`; the same for the same data and key."""
    found = signer.private.sign(_encoded(kind, data))
    signature = Signature(keyid=signer.key.id, sig=base64.b64encode(found).decode())
    envelope = Envelope(
        payload=base64.b64encode(data).decode(), payload_type=kind, signatures=(signature,)
    )
    return msgspec.json.format(msgspec.json.encode(envelope), indent=1) + b"\n"


def drop_stale(folder: Path) -> None:
    """Remove the envelopes of files that are gone, or not what was signed any more."""
    for path in folder.glob(f"*{SUFFIX}"):
        file = path.with_name(path.name.removesuffix(SUFFIX))
        try:
            held = base64.b64decode(_read(path).payload, validate=True)
            if held == contents(file, PLAN_BYTES):
                continue
        except (ForgeError, binascii.Error, OSError):
            pass
        path.unlink()


def sealed(file: Path, kind: str, key: Key) -> str:
    """Why the envelope beside `file` does not show that `key` signed it as it is; empty if so."""
    try:
        envelope = _read(place(file))
        said = base64.b64decode(envelope.payload, validate=True)
        own = [one for one in envelope.signatures if one.keyid == key.id]
        found = [base64.b64decode(one.sig, validate=True) for one in own]
    except FileNotFoundError:
        return "is not signed"
    except (RejectedError, binascii.Error, OSError) as error:
        return f"has a signature that cannot be read: {error}"
    if not own:
        others = ", ".join(one.keyid[:16] for one in envelope.signatures) or "nobody"
        return f"is not signed by the key {key.id[:16]}, but by {others}"
    whole = _encoded(envelope.payload_type, said)
    if envelope.payload_type != kind or not all(_made(one, whole, key) for one in found):
        return f"has a signature as {kind} that the key {key.id[:16]} did not make"
    return "" if said == contents(file, PLAN_BYTES) else "was changed since it was signed"


def _made(signature: bytes, data: bytes, key: Key) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.public.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _read(path: Path) -> Envelope:
    try:
        return decoded(contents(path, PLAN_BYTES), Envelope)
    except msgspec.DecodeError as error:
        raise RejectedError(str(error)) from error


def _encoded(kind: str, data: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    name = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(data), data)

"""Signatures with a key of one's own: Ed25519, in DSSE envelopes beside what they are for."""

from wheelforge.signing.envelope import SUFFIX, drop_stale, place, sealed, signed
from wheelforge.signing.keys import PUBLIC, Key, Signer, generate, private, public

__all__ = [
    "PUBLIC",
    "SUFFIX",
    "Key",
    "Signer",
    "drop_stale",
    "generate",
    "place",
    "private",
    "public",
    "sealed",
    "signed",
]

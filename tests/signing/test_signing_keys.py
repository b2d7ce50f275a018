from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from wheelforge import signing
from wheelforge.digest import of_bytes
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_key_is_made_for_its_owner_only_and_read_again(tmp_path: Path) -> None:
    public, name = signing.generate(tmp_path / "keys/site")
    key = tmp_path / "keys/site"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(public.stat().st_mode) == 0o644
    assert public.name == "site.pub"
    signer = signing.private(key)
    assert signer.key.id == signing.public(public).id == name
    der = signer.key.public.public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
    assert name == of_bytes(der)


def test_a_key_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    signing.generate(tmp_path / "site")
    before = (tmp_path / "site").read_bytes()
    with pytest.raises(InputError, match="is there already"):
        signing.generate(tmp_path / "site")
    assert (tmp_path / "site").read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    signing.generate(tmp_path / "site")
    (tmp_path / "site").chmod(mode)
    with pytest.raises(InputError, match="others than its owner") as caught:
        signing.private(tmp_path / "site")
    assert "chmod 600" in caught.value.remedy


def pem(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, password: str = "") -> bytes:
    hidden = form.BestAvailableEncryption(password.encode()) if password else form.NoEncryption()
    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, hidden)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is no private key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "is no private key"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "another kind than Ed25519"),
        (pem(ed25519.Ed25519PrivateKey.generate(), "secret"), "without a password"),
    ],
)
def test_what_is_no_key_to_sign_with(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "site").write_bytes(data)
    (tmp_path / "site").chmod(0o600)
    with pytest.raises(InputError, match=says):
        signing.private(tmp_path / "site")


def test_a_private_key_is_not_taken_for_a_public_one(tmp_path: Path) -> None:
    signing.generate(tmp_path / "site")
    with pytest.raises(InputError, match="is no public key"):
        signing.public(tmp_path / "site")
    with pytest.raises(InputError, match="cannot be read") as caught:
        signing.public(tmp_path / "nothing")
    assert "keygen" in caught.value.remedy
    with pytest.raises(InputError, match="is not a regular file"):
        signing.public(tmp_path)

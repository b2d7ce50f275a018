from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from wheelforge import signing
from wheelforge.signing.envelope import LOCK, STATEMENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DATA = b'{"a": 1}\n'


@pytest.fixture
def signer(tmp_path: Path) -> signing.Signer:
    signing.generate(tmp_path / "key")
    return signing.private(tmp_path / "key")


@pytest.fixture
def file(tmp_path: Path, signer: signing.Signer) -> Path:
    path = tmp_path / "statement.json"
    path.write_bytes(DATA)
    signing.place(path).write_bytes(signing.signed(DATA, STATEMENT, signer))
    return path


def test_what_was_signed_is_sealed(file: Path, signer: signing.Signer) -> None:
    assert signing.sealed(file, STATEMENT, signer.key) == ""
    assert signing.place(file).read_bytes() == signing.signed(DATA, STATEMENT, signer)


def test_the_signature_is_over_dsses_encoding(file: Path, signer: signing.Signer) -> None:
    """As any other implementation of DSSE would check it."""
    envelope = json.loads(signing.place(file).read_bytes())
    assert set(envelope) == {"payload", "payloadType", "signatures"}
    payload = base64.b64decode(envelope["payload"])
    (one,) = envelope["signatures"]
    encoded = b"DSSEv1 28 application/vnd.in-toto+json 9 " + payload
    signer.key.public.verify(base64.b64decode(one["sig"]), encoded)
    assert (payload, one["keyid"]) == (DATA, signer.key.id)


def test_a_file_that_is_not_signed(file: Path, signer: signing.Signer) -> None:
    signing.place(file).unlink()
    assert signing.sealed(file, STATEMENT, signer.key) == "is not signed"


def test_another_key(file: Path, tmp_path: Path, signer: signing.Signer) -> None:
    public, name = signing.generate(tmp_path / "other")
    said = signing.sealed(file, STATEMENT, signing.public(public))
    assert said == f"is not signed by the key {name[:16]}, but by {signer.key.id[:16]}"


def test_a_file_that_was_changed(file: Path, signer: signing.Signer) -> None:
    file.write_bytes(DATA + b" ")
    assert signing.sealed(file, STATEMENT, signer.key) == "was changed since it was signed"


def _payload(envelope: dict[str, Any]) -> None:
    envelope["payload"] = base64.b64encode(DATA + b" ").decode()


def _kind(envelope: dict[str, Any]) -> None:
    envelope["payloadType"] = LOCK


def _signature(envelope: dict[str, Any]) -> None:
    envelope["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()


def _impostor(envelope: dict[str, Any]) -> None:
    """One good signature is not enough where another in the same name is wrong."""
    wrong = {**envelope["signatures"][0], "sig": base64.b64encode(bytes(64)).decode()}
    envelope["signatures"].append(wrong)


@pytest.mark.parametrize("spoil", [_payload, _kind, _signature, _impostor])
def test_an_envelope_that_was_changed(
    file: Path, signer: signing.Signer, spoil: Callable[[dict[str, Any]], None]
) -> None:
    path = signing.place(file)
    envelope = json.loads(path.read_bytes())
    spoil(envelope)
    path.write_text(json.dumps(envelope))
    assert "did not make" in signing.sealed(file, STATEMENT, signer.key)


def test_signed_as_one_thing_it_is_not_another(file: Path, signer: signing.Signer) -> None:
    assert "did not make" in signing.sealed(file, LOCK, signer.key)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"\xff", b'{"payload": "*", "payloadType": "", "signatures": []}', b"[" * 10_000],
)
def test_an_envelope_that_is_none(file: Path, signer: signing.Signer, data: bytes) -> None:
    signing.place(file).write_bytes(data)
    assert signing.sealed(file, STATEMENT, signer.key).startswith("has a signature that cannot be")


def test_envelopes_of_other_contents_go(file: Path, tmp_path: Path) -> None:
    stale = tmp_path / "gone.json.dsse"
    stale.write_bytes(signing.place(file).read_bytes())
    signing.drop_stale(tmp_path)
    assert (stale.exists(), signing.place(file).exists()) == (False, True)
    file.write_bytes(b"other")
    signing.drop_stale(tmp_path)
    assert not signing.place(file).exists()

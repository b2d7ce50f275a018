from __future__ import annotations

from typing import TYPE_CHECKING

from scripted import Yard

if TYPE_CHECKING:
    from pathlib import Path


def test_a_wheelhouse_is_signed_and_verified(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.wheel("demo")
    key = tmp_path / "key"
    ran = yard.run("keygen", key)
    assert (ran.code, "its id:" in ran.out) == (0, True)
    ran = yard.run("build", "demo", "--sign", key)
    assert (ran.code, ran.err) == (0, "")
    there = ("--wheelhouse", yard.wheelhouse)
    ran = yard.run("verify", "--no-install", "--key", f"{key}.pub", *there)
    assert ran.code == 0
    assert "3 files are signed by" in ran.out
    assert f"verified: {yard.wheelhouse} (2 checks passed)" in ran.out
    ran = yard.run("verify", "--no-install", "--key", key, *there)
    assert (ran.code, "is no public key" in ran.err) == (1, True)
    (yard.wheelhouse / "requirements.lock.dsse").unlink()
    ran = yard.run("verify", "--no-install", *there)
    assert (ran.code, "requirements.lock.dsse: it is missing" in ran.err) == (3, True)
    ran = yard.run("sign", "--key", key, *there)
    assert ran.code == 3


def test_a_key_that_is_not_there_is_told_before_anything_is_built(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.wheel("demo")
    ran = yard.run("build", "demo", "--sign", tmp_path / "key")
    assert (ran.code, "cannot be read" in ran.err) == (1, True)
    assert not yard.wheelhouse.exists()

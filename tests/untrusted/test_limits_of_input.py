"""How much is read of what may never end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from builders import refusal
from wheelforge.untrusted import LIMITS, contents, decoded, most
from wheelforge.untrusted.limits import RECIPE_BYTES, shown

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_read_up_to_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"x" * 11)
    assert contents(tmp_path / "a", RECIPE_BYTES) == b"x" * 11
    monkeypatch.setenv("WHEELFORGE_LIMITS", "recipe-bytes=10")
    error = refusal(lambda: contents(tmp_path / "a", RECIPE_BYTES))
    assert error.what == (
        "is larger than recipe-bytes allows (bytes of a recipe or another TOML file: 10)"
    )
    assert error.where == str(tmp_path / "a")
    assert error.remedy.endswith("WHEELFORGE_LIMITS=recipe-bytes=AMOUNT")


def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        error = refusal(lambda name=name: contents(tmp_path / name, RECIPE_BYTES))
        assert error.what == "is not a regular file"
    with pytest.raises(FileNotFoundError):
        contents(tmp_path / "gone", RECIPE_BYTES)
    with pytest.raises(IsADirectoryError):
        contents(tmp_path, RECIPE_BYTES)


def test_limits_are_changed_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEELFORGE_LIMITS", "archive-bytes=128GiB, wheel-entries=5K")
    assert most(LIMITS["archive-bytes"]) == 128 << 30
    assert most(LIMITS["wheel-entries"]) == 5 << 10
    assert most(LIMITS["page-bytes"]) == 64 << 20


@pytest.mark.parametrize("said", ["archive-byte=1G", "archive-bytes", "archive-bytes=-1", "=1"])
def test_a_malformed_limit_is_an_error(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("WHEELFORGE_LIMITS", said)
    error = refusal(lambda: most(RECIPE_BYTES))
    assert error.where == "WHEELFORGE_LIMITS"
    assert said in error.what


def test_amounts_are_shown_as_they_are_taken() -> None:
    assert [shown(amount) for amount in (64 << 30, 1 << 20, 200_000, 3 << 40, 0)] == [
        "64G", "1M", "200000", "3T", "0"
    ]  # fmt: skip


@pytest.mark.parametrize("data", [b"[" * 100_000, b'"\xff"', b"[1", b'{"a":' * 50_000])
def test_json_that_is_none_is_a_decode_error(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decoded(data, dict[str, object])

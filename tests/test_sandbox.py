from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from wheelforge import process, programs, sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONNECT = (
    "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
    "s.connect(('192.0.2.1', 9))"
)


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    sandbox.offline_prefix.cache_clear()
    yield
    sandbox.offline_prefix.cache_clear()


def test_a_program_behind_the_prefix_reaches_nothing() -> None:
    prefix = sandbox.offline_prefix()
    if not prefix:
        pytest.skip("this kernel or batch system gives no network namespaces")
    with pytest.raises(process.ProgramError, match="Network is unreachable"):
        process.capture([*prefix, sys.executable, "-c", CONNECT])
    assert process.capture([*prefix, "id", "-u"]) == process.capture(["id", "-u"])


@pytest.mark.parametrize("script", ["exit 1", "", None], ids=["refused", "allowed", "missing"])
def test_it_is_tried_and_not_guessed(
    script: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "unshare"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setattr(programs, "find", lambda _: None if script is None else fake)
    assert bool(sandbox.offline_prefix()) == (script == "")


def test_the_second_way_is_tried_when_the_first_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "unshare"
    fake.write_text('#!/bin/sh\ntest "$1" = --user\n')
    fake.chmod(0o755)
    monkeypatch.setattr(programs, "find", lambda _: fake)
    assert sandbox.offline_prefix()[:2] == (str(fake), "--user")

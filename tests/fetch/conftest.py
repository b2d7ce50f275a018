"""Fixtures of the fetch tests: no proxy, no network, short waits."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from fetching import Server, Told

from wheelforge.fetch import Sources, download

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def plain(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The developer's own proxies, pip and git settings do not reach the tests."""
    monkeypatch.setattr(download, "BACKOFF_SECONDS", 0.001)
    if request.node.get_closest_marker("slow"):
        return
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("PIP_", "GIT_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("NETRC", str(home / "netrc"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(tmp_path / "sources")


@pytest.fixture
def offline(tmp_path: Path) -> Sources:
    return Sources(tmp_path / "sources", offline=True)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running

"""The gate, compiled once, and a site for each test with a broker of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_broker import FakeBroker
from gated import Site
from wheelforge import gatehouse


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gate itself, which is also the launcher."""
    made = gatehouse.gate(tmp_path_factory.mktemp("gate-home"))
    if made is None:
        pytest.skip("this machine has no compiler to make the gate with")
    return made


@pytest.fixture
def broker() -> Iterator[FakeBroker]:
    with FakeBroker() as listening:
        yield listening


@pytest.fixture
def site(tmp_path: Path, program: Path, broker: FakeBroker) -> Site:
    return Site(tmp_path, program, broker)

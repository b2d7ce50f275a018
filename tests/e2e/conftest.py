"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import Forge


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """A forge with nothing in it."""
    return Forge(tmp_path)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Forge:
    """A forge in which the mini stack was built; tests may look, not change."""
    forge = Forge(tmp_path_factory.mktemp("built"))
    forge.good("build", "minitorch")
    return forge

"""Fixtures of the command line's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripted import Yard


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    """A yard whose home is WHEELFORGE_HOME."""
    made = Yard(tmp_path)
    monkeypatch.setenv("WHEELFORGE_HOME", str(made.home))
    return made

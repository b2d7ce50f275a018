"""Fixtures of the sysroots' tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from systems import Shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """An mmdebstrap and an apt that need no network, first on PATH."""
    if Path(sys.prefix, "bin/apt-config").exists():
        pytest.skip("apt is beside this Python, which comes before PATH: use an environment")
    made = Shop(tmp_path / "shop")
    made.open()
    monkeypatch.setenv("PATH", f"{made.programs}:{os.environ['PATH']}")
    monkeypatch.setenv("WHEELFORGE_HOME", str(tmp_path / "home"))
    return made


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"

"""What holds for every test: nothing is read from, or left in, the developer's own home."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from arm import arm_home
from gates import Site
from wheelforge.gatehouse import gate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A busy machine is no failure.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any")


@pytest.fixture(autouse=True, scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """WHEELFORGE_HOME is a temporary folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHEELFORGE_HOME", str(tmp_path_factory.mktemp("wheelforge-home")))
        yield


@pytest.fixture(scope="session")
def arm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a sysroot for Arm, made once; for slow tests."""
    return arm_home(tmp_path_factory.mktemp("arm"))


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The gate, compiled."""
    found = gate(tmp_path_factory.mktemp("gate"))
    if found is None:
        pytest.skip("no C compiler")
    return found


@pytest.fixture
def site(tmp_path: Path, program: Path) -> Site:
    """A keeper with two jobs."""
    return Site(tmp_path, program)

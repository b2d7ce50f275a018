"""What holds for every test: nothing is read from, or left in, the developer's own home."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# A busy machine is no failure.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any")


@pytest.fixture(autouse=True, scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """WHEELFORGE_HOME is a temporary folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHEELFORGE_HOME", str(tmp_path_factory.mktemp("wheelforge-home")))
        yield

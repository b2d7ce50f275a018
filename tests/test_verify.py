from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from builders import HERE
from fake_wheels import flip_byte, make_wheel
from wheelforge import index, lock
from wheelforge.errors import InputError, RejectedError
from wheelforge.interpreter import Interpreter
from wheelforge.recipe import PythonCheck
from wheelforge.verify import agree, chosen, try_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A wheelhouse: top 2.0 needs base, both locked, and a wheel of an earlier build."""
    folder = tmp_path / "wheel house"
    make_wheel(folder, "top", "1.0")
    wheels = [
        make_wheel(folder, "top", "2.0+a64fx", requires=["Base>=1"]),
        make_wheel(folder, "Base", "1.0"),
    ]
    lock.write(folder, wheels, requires_python=">=3.11")
    index.write(folder)
    return folder


def verify(
    house: Path,
    python: Interpreter,
    checks: Mapping[str, Sequence[PythonCheck]],
    scratch: Path,
    tell: Callable[[str], None],
) -> list[str]:
    """Try out what is locked, as `wheelforge verify` does."""
    return try_out(house, python, chosen(checks, agree(house)), scratch, tell)


def complaint(house: Path) -> str:
    with pytest.raises(RejectedError) as caught:
        agree(house)
    assert caught.value.where.startswith(str(house))
    return caught.value.what


def test_what_was_written_agrees(house: Path) -> None:
    assert agree(house) == {"top", "base"}


def test_a_flipped_byte_in_a_wheel_is_found_by_every_document(house: Path) -> None:
    flip_byte(house / "Base-1.0-py3-none-any.whl", b"VERSION")
    what = complaint(house)
    for source in ("requirements.lock", "pylock.toml", "index.html", "index.json"):
        (line,) = [line for line in what.splitlines() if source in line]
        assert line.lstrip().startswith("Base-1.0-py3-none-any.whl: its sha256 is ")
    assert "top" not in what


def test_a_truncated_wheel_is_named(house: Path) -> None:
    path = house / "Base-1.0-py3-none-any.whl"
    path.write_bytes(path.read_bytes()[:100])
    assert "Base-1.0-py3-none-any.whl: is not a wheel" in complaint(house)


def _change_size(house: Path) -> None:
    page = house / "simple/base/index.json"
    data = json.loads(page.read_text())
    data["files"][0]["size"] += 1
    page.write_text(json.dumps(data))


def _change_pin(house: Path) -> None:
    path = house / "requirements.lock"
    head, _, digits = path.read_text().partition("base==1.0 --hash=sha256:")
    path.write_text(f"{head}base==1.0 --hash=sha256:{'0' * 64}{digits[64:]}")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda h: (h / "Base-1.0-py3-none-any.whl").unlink(), "no such wheel is here"),
        (_change_size, "simple/base/index.json says"),
        (_change_pin, f"requirements.lock says {'0' * 64}"),
        (lambda h: flip_byte(h / "pylock.toml", b"size = "), "pylock.toml"),
        (lambda h: flip_byte(h / "simple/base/index.html", b"sha256="), "simple/base/index.html"),
        (lambda h: flip_byte(h / "Base-1.0-py3-none-any.whl.metadata", b"Fake"), "metadata's"),
        (lambda h: (h / "Base-1.0-py3-none-any.whl.metadata").unlink(), "does not name it"),
        (lambda h: (h / "simple/top/index.html").unlink(), "simple/top/index.html does not"),
        (lambda h: (h / "simple/base/index.json").write_text("{"), "cannot be read"),
        (lambda h: (h / "requirements.lock").write_text("base>=1\n"), "cannot be read: base>=1"),
        (lambda h: make_wheel(h, "new"), "new-1.0-py3-none-any.whl: simple/new/index.html does"),
    ],
)
def test_every_disagreement_is_named(
    house: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(house)
    with pytest.raises(RejectedError) as caught:
        agree(house)
    assert said in str(caught.value)


def test_a_wheel_the_locks_disagree_about(house: Path) -> None:
    path = house / "requirements.lock"
    kept = [line for line in path.read_text().splitlines() if not line.startswith("base==")]
    path.write_text("\n".join(kept))
    assert complaint(house).splitlines()[1:] == [
        "  Base-1.0-py3-none-any.whl: requirements.lock does not name it"
    ]


def test_without_a_lock_there_is_nothing_to_verify(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file") as caught:
        agree(tmp_path)
    assert caught.value.where == str(tmp_path / "requirements.lock")


@pytest.mark.e2e
def test_it_installs_and_works_where_nothing_else_is(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "file:///nowhere/simple/")
    monkeypatch.setenv("PIP_NO_DEPS", "1")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "top.py").write_text("raise SystemExit('the wrong top')")
    checks = {
        "Top": [
            PythonCheck(name="version", code="import top; assert top.VERSION == '2.0+a64fx'"),
            PythonCheck(name="clean", code="import os; assert 'PYTHONPATH' not in os.environ"),
        ],
        "base": [PythonCheck(name="import", code="import Base")],
        "absent": [PythonCheck(name="never run", code="raise SystemExit(1)")],
    }
    told: list[str] = []
    passed = verify(house, HERE, checks, tmp_path / "scratch", told.append)
    assert passed == [
        "the lock installs",
        "pip check",
        "Top: version",
        "Top: clean",
        "base: import",
    ]
    assert told[-1] == "base: import: passed"
    assert not (tmp_path / "scratch/venv").exists()


@pytest.mark.e2e
def test_every_failed_check_is_named_with_its_output_and_command(
    house: Path, tmp_path: Path
) -> None:
    checks = {
        "top": [
            PythonCheck(name="fine", code="import top"),
            PythonCheck(name="uses acl", code="print('acl was not used')\nraise SystemExit(7)"),
            PythonCheck(name="right cpu", code="import os, signal; os.kill(os.getpid(), 4)"),
        ]
    }
    with pytest.raises(RejectedError, match="2 of 3 checks failed") as caught:
        verify(house, HERE, checks, tmp_path / "scratch", lambda _: None)
    assert caught.value.exit_code == 3
    assert "top: uses acl: ended with code 7" in caught.value.what
    assert "acl was not used" in caught.value.what
    assert "instructions this CPU lacks" in caught.value.what
    assert "top: fine" not in caught.value.what
    command = caught.value.remedy.split("\n    ", 1)[1]
    again = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert "acl was not used" in again.stdout


@pytest.mark.e2e
def test_a_lock_that_lacks_a_dependency_is_rejected(tmp_path: Path) -> None:
    house = tmp_path / "house"
    wheels = [make_wheel(house, "top", requires=["base>=1"])]
    lock.write(house, wheels, requires_python=">=3.11")
    index.write(house)
    with pytest.raises(RejectedError, match="cannot install the lock") as caught:
        verify(house, HERE, {}, tmp_path / "scratch", lambda _: None)
    assert "base" in caught.value.what
    assert "--require-hashes" in caught.value.remedy


def test_a_python_that_does_not_start_is_the_users_input(house: Path, tmp_path: Path) -> None:
    nowhere = Interpreter(
        path=str(tmp_path / "python"), version="3.12.0", tag="cp312", soabi="", platform="linux-x"
    )
    with pytest.raises(InputError, match="no environment could be made"):
        verify(house, nowhere, {}, tmp_path / "scratch", lambda _: None)

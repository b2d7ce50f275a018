"""Wheels that were made to do harm: a finding or an error of the user's, and soon."""

from __future__ import annotations

import random
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from builders import refusal
from drafts import CORE, EXTRA, METADATA, Draft, good_files, needs_cc
from elves import make_elf
from wheelforge.audit import Asked, gate, loader
from wheelforge.audit.objects import read_object
from wheelforge.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

ASKED = Asked(companions={"base": ("2.6.0",)})
JUNK = (
    b"", b"\0", b"\xff\xfe", b'"', b"\n\n", b"=", b",", b"[", b"%", b"\r", b"9" * 5000,
    b"Tag: x\n", b"Requires-Dist: \n", b"Wheel-Version: 9999999999999.0\n", b"Name: \n",
    b"License-File: ../../x\n", "\u202e".encode(), b"Build: \n", b"Requires-Dist: a @ b; extra\n",
)  # fmt: skip


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return good_files(tmp_path_factory.mktemp("good"))


@needs_cc
def test_texts_that_are_none(tmp_path: Path, good: dict[str, bytes]) -> None:
    draw = random.Random(11)  # noqa: S311
    (tmp_path / "scratch").mkdir()
    path = Draft(tmp_path, {EXTRA: good[EXTRA]}).packed()
    with zipfile.ZipFile(path) as file:
        items = {name: file.read(name) for name in file.namelist()}
    for _ in range(60):
        spoilt = dict(items)
        for _ in range(draw.choice([1, 2, 3])):
            name = draw.choice([name for name in items if ".dist-info/" in name])
            at = draw.randrange(len(spoilt[name]) + 1)
            rest = spoilt[name][at + draw.choice([0, 1, 5, 50]) :]
            spoilt[name] = spoilt[name][:at] + draw.choice(JUNK) + rest
        with zipfile.ZipFile(path, "w") as file:
            for name, data in spoilt.items():
                file.writestr(name, data)
        with suppress(InputError):
            assert gate(path, tmp_path / "scratch", ASKED)


@needs_cc
@pytest.mark.parametrize(
    ("field", "rule"),
    [("Version: 1." + "9" * 5000, "metadata.name"), ("Requires-Dist: base==" + "9" * 5000, "")],
)
def test_numbers_of_thousands_of_digits(
    tmp_path: Path, good: dict[str, bytes], field: str, rule: str
) -> None:
    (tmp_path / "scratch").mkdir()
    draft = Draft(tmp_path, {EXTRA: good[EXTRA]})
    lines = METADATA.format(version="1.0").splitlines(keepends=True)
    kept = [line for line in lines if line.partition(":")[0] != field.partition(":")[0]]
    draft.info["METADATA"] = "".join([kept[0], field + "\n", *kept[1:]])
    draft.rows[EXTRA] = "sha256=AAAA," + "9" * 5000
    found = {item.check for item in gate(draft.packed(), tmp_path / "scratch", ASKED)}
    assert "record.row" in found
    assert not rule or rule in found


@needs_cc
def test_damaged_libraries(tmp_path: Path, good: dict[str, bytes]) -> None:
    draw = random.Random(7)  # noqa: S311
    for _ in range(150):
        data = bytearray(good[CORE])
        for _ in range(draw.choice([1, 4, 8])):  # headers are at the ends of a file
            at = draw.choice([draw.randrange(1200), draw.randrange(len(data) - 3500, len(data))])
            data[at : at + 2] = draw.choice([b"\0\0", b"\xff\xff", draw.randbytes(2)])
        (tmp_path / "lib").write_bytes(data)
        with suppress(InputError):
            assert read_object(tmp_path / "lib", CORE, ()).place == CORE


def test_searches_come_to_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "_MOST", 1000)
    path = ":".join(f"$ORIGIN/{number}" for number in range(200))
    needed = [f"lib{number}.so" for number in range(200)]
    (tmp_path / "lib").write_bytes(make_elf(needed=needed, runpath=path))
    item = read_object(tmp_path / "lib", "a/core.so", ())
    error = refusal(lambda: loader.scopes([item], lambda _: False))
    assert "more often than can be followed" in error.what


def test_a_wheel_without_anything(tmp_path: Path) -> None:
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w"):
        pass
    (tmp_path / "scratch").mkdir()
    found = {item.check for item in gate(path, tmp_path / "scratch", Asked())}
    assert {"metadata.invalid", "wheel.file", "record.missing"} <= found


def test_what_is_no_wheel(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "demo-1.0-py3-none-any.whl").write_bytes(b"PK\3\4")
    wheel = tmp_path / "demo-1.0-py3-none-any.whl"
    assert "is not a wheel" in refusal(lambda: gate(wheel, tmp_path / "scratch", Asked())).what
    with pytest.raises(InputError, match="is not a wheel's file name"):
        gate(tmp_path / "demo.whl", tmp_path / "scratch", Asked())

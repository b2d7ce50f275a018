"""The Python that wheels are for."""

from __future__ import annotations

import json
import sys
import sysconfig
from pathlib import Path

import pytest

from wheelforge import probe
from wheelforge.digest import Memo
from wheelforge.errors import InputError
from wheelforge.sysroot import Sysroot

ENV = {"QEMU_CPU": "a64fx", "QEMU_LD_PREFIX": "/somewhere"}
SAYS = {
    "version": "3.13.5",
    "tag": "cp313",
    "soabi": "cpython-313-aarch64-linux-gnu",
    "platform": "linux_aarch64",
    "include": "/usr/include/python3.13",
    "implementation": "CPython",
}


@pytest.fixture
def memo(tmp_path: Path) -> Memo:
    return Memo(tmp_path / "digests.json")


def system(root: Path, *series: str, needs: str = "QEMU_CPU") -> Sysroot:
    """A sysroot whose Pythons start only with the emulator's variables."""
    pythons = {}
    for name in series:
        path = root / "usr/bin" / f"python{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        said = json.dumps({"path": str(path), **SAYS})
        path.write_text(f"#!/bin/sh\n[ \"${needs}\" = a64fx ] && echo '{said}'\n")
        path.chmod(0o755)
        pythons[name] = f"usr/bin/python{name}"
    return Sysroot(
        name="some", path=str(root), machine="aarch64", identity="1", libc="glibc 2.41",
        pythons=pythons,
    )  # fmt: skip


def test_a_python_says_where_its_headers_are(memo: Memo) -> None:
    assert probe.interpreter("", memo).include == sysconfig.get_path("include")
    assert probe.interpreter(sys.executable, memo).include == sysconfig.get_path("include")


@pytest.mark.parametrize("wanted", ["", "3.13"])
def test_a_sysroots_python_is_its_own_machines(tmp_path: Path, memo: Memo, wanted: str) -> None:
    found = probe.emulated(wanted, system(tmp_path, "3.13"), ENV, memo)
    assert found.path == str(tmp_path / "usr/bin/python3.13")
    assert (found.tag, found.platform) == ("cp313", "linux_aarch64")
    assert found.env == ENV
    assert found.include == str(tmp_path / "usr/include/python3.13")  # not this machine's


def test_headers_that_are_in_the_sysroot_stay_where_they_are(tmp_path: Path, memo: Memo) -> None:
    root = system(tmp_path, "3.13")
    text = (tmp_path / "usr/bin/python3.13").read_text()
    inside = f"{tmp_path}/usr/include/python3.13"
    (tmp_path / "usr/bin/python3.13").write_text(text.replace(SAYS["include"], inside))
    assert probe.emulated("", root, ENV, memo).include == inside


@pytest.mark.parametrize(
    ("there", "wanted", "words"),
    [
        ((), "", "the sysroot some has these: none"),
        (("3.11", "3.13"), "", "the sysroot some has these: 3.11, 3.13"),
        (("3.13",), "3.12", "the sysroot some has these: 3.13"),
    ],
)
def test_a_sysroot_without_the_python_that_is_wanted(
    tmp_path: Path, memo: Memo, there: tuple[str, ...], wanted: str, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        probe.emulated(wanted, system(tmp_path, *there), ENV, memo)


def test_a_python_that_does_not_start_is_an_error(tmp_path: Path, memo: Memo) -> None:
    with pytest.raises(InputError, match="does not start here") as caught:
        probe.emulated("", system(tmp_path, "3.13", needs="NEVER_SET"), ENV, memo)
    assert "wheelforge doctor" in caught.value.remedy

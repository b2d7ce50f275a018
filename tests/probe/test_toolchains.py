"""Compilers as they are found, and what is said of those that do not fit."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

import msgspec
import pytest

from builders import COMPILERS, TARGET, refusal
from wheelforge import catalog, probe
from wheelforge.digest import Memo
from wheelforge.toolchain import Toolchain

if TYPE_CHECKING:
    from pathlib import Path

# says what it is only when it is asked in the mode that build systems understand
MODAL = """#!/bin/sh
[ "$1" = -Nclang ] || { echo "fcc: no such option" >&2; exit 1; }
case $2 in -dumpmachine) echo aarch64-linux-gnu;; *) echo "fcc (FCC) 4.8.1";; esac
"""


def modal(folder: Path, **words: object) -> Toolchain:
    compiler = folder / "fcc"
    compiler.write_text(MODAL)
    compiler.chmod(0o755)
    data = {
        "name": "modal", "summary": "", "family": "fujitsu", "machine": "aarch64",
        "programs": {"cc": [str(compiler)], "cxx": [str(compiler)]},
        "arguments": {"cc": "-Nclang", "cxx": "-Nclang"}, **words,
    }  # fmt: skip
    return msgspec.convert(data, Toolchain)


def test_arguments_belong_to_the_command_and_to_the_question(tmp_path: Path) -> None:
    found = probe.compilers(modal(tmp_path), Memo(tmp_path / "digests.json"))
    assert found.version == "4.8.1"
    assert found.machine == "aarch64"
    assert found.commands == {"cc": f"{tmp_path}/fcc -Nclang", "cxx": f"{tmp_path}/fcc -Nclang"}
    assert found.paths["cc"] == f"{tmp_path}/fcc"


def test_only_compilers_take_arguments(tmp_path: Path) -> None:
    with pytest.raises(msgspec.ValidationError, match="enum value 'ar'"):
        modal(tmp_path, arguments={"ar": "-x"})


@pytest.mark.parametrize(("host", "cross"), [("x86_64", True), ("aarch64", False), ("", False)])
def test_compilers_for_another_machine_are_cross(host: str, *, cross: bool) -> None:
    assert ("cross" in msgspec.structs.replace(COMPILERS, host=host).words) is cross


def test_the_host_is_this_machine(tmp_path: Path) -> None:
    found = probe.compilers(modal(tmp_path), Memo(tmp_path / "digests.json"))
    assert found.host == platform.machine()
    assert ("cross" in found.words) is (platform.machine() != "aarch64")


def test_a_target_of_another_machine_is_refused_with_the_toolchains_that_fit() -> None:
    here = msgspec.structs.replace(COMPILERS, machine="x86_64")
    error = refusal(lambda: probe.suited(here, TARGET, ("native", "fujitsu", "cross")))
    assert "compiles for x86_64, and the target is aarch64" in error.what
    assert error.remedy.startswith("choose --toolchain fujitsu or --toolchain cross; ")
    none = refusal(lambda: probe.suited(here, TARGET))
    assert none.remedy.startswith("build on an aarch64 machine, or describe")


def test_toolchains_for_a_machine() -> None:
    assert "fujitsu" in catalog.toolchains_for("aarch64")
    assert "native" in catalog.toolchains_for(os.uname().machine)
    assert "native" not in catalog.toolchains_for("s390x")

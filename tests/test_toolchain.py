"""Compilers as they were found: what conditions, the table and commands make of them."""

from __future__ import annotations

import msgspec
import pytest

from builders import COMPILERS


@pytest.mark.parametrize(
    ("libc", "versions"),
    [
        ("glibc 2.39", {"gcc": "13.2.0", "glibc": "2.39"}),
        ("musl 1.2.4", {"gcc": "13.2.0"}),
        ("unknown", {"gcc": "13.2.0"}),
    ],
)
def test_only_glibc_is_a_subject_of_the_table(libc: str, versions: dict[str, str]) -> None:
    assert msgspec.structs.replace(COMPILERS, libc=libc).versions == versions


def test_a_foreign_machine_makes_a_cross_toolchain() -> None:
    words = {"native", "gcc"}
    assert msgspec.structs.replace(COMPILERS, host="aarch64").words == words
    assert msgspec.structs.replace(COMPILERS, host="x86_64").words == words | {"cross"}


def test_commands_hold_the_words_a_compiler_is_always_called_with() -> None:
    found = msgspec.structs.replace(COMPILERS, arguments={"cc": "-Nclang"})
    assert found.commands == {"cc": "/usr/bin/gcc -Nclang", "cxx": "/usr/bin/g++"}

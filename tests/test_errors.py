"""Errors say what, where and what to do next."""

from __future__ import annotations

import pytest

from wheelforge.errors import (
    BuildError,
    ForgeError,
    InputError,
    InterruptedRunError,
    RejectedError,
    nearest,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [(InputError, 1), (BuildError, 2), (RejectedError, 3), (InterruptedRunError, 130)],
)
def test_exit_codes(kind: type[ForgeError], code: int) -> None:
    assert kind("x").exit_code == code


@pytest.mark.parametrize(
    ("where", "remedy", "text"),
    [
        ("", "", "it failed"),
        ("a.toml:3", "", "a.toml:3: it failed"),
        ("", "mend it", "it failed\n  mend it"),
        ("a.toml:3", "mend it", "a.toml:3: it failed\n  mend it"),
    ],
)
def test_message(where: str, remedy: str, text: str) -> None:
    assert str(InputError("it failed", where=where, remedy=remedy)) == text


def test_nearest_names_what_may_have_been_meant() -> None:
    assert nearest("opnblas", ["openblas", "acl", "numpy"]) == "did you mean openblas?"
    assert nearest("torch", ["torch1", "torch2"]) == "did you mean torch2 or torch1?"


def test_nearest_lists_what_is_known_when_nothing_is_near() -> None:
    assert nearest("x", ["b", "a"]) == "known: a, b"
    assert nearest("x", (f"name{number:02}" for number in range(13))).endswith("name11, …")
    assert nearest("x", []) == "nothing is known here"

from __future__ import annotations

import pytest

from wheelforge.audit.policy import machine_of, policy_of, served


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        ("manylinux_2_28_aarch64", "manylinux_2_28_aarch64"),
        ("manylinux2014_x86_64", "manylinux_2_17_x86_64"),
        ("manylinux1_x86_64", "manylinux_2_5_x86_64"),
        ("manylinux_2_29_aarch64", "manylinux_2_28_aarch64"),  # none of its own
        ("manylinux_3_99_aarch64", "manylinux_2_41_aarch64"),
        ("linux_aarch64", "linux_aarch64"),
        ("musllinux_1_2_aarch64", "musllinux_1_2_aarch64"),
    ],
)
def test_policies(platform: str, name: str) -> None:
    policy = policy_of(platform)
    assert policy is not None
    assert policy.name == name
    assert policy.has("ld-linux-aarch64.so.1")
    assert not policy.has("libgomp.so.1")


@pytest.mark.parametrize("platform", ["any", "win_amd64", "macosx_11_0_arm64", "linux_unheard"])
def test_platforms_without_one(platform: str) -> None:
    assert policy_of(platform) is None
    assert machine_of(platform) in {"", "unheard"}


def test_versions() -> None:
    policy = policy_of("manylinux_2_28_aarch64")
    assert policy is not None
    assert not policy.lacks("libc.so.6", "GLIBC_2.28")
    assert policy.lacks("libc.so.6", "GLIBC_2.29")
    assert policy.lacks("libc.so.6", "GLIBC_PRIVATE")
    assert not policy.lacks("libpng16.so.16", "PNG16_0")  # not of the system
    assert served(policy.name, [("libc.so.6", "GLIBC_2.29")]) == "manylinux_2_31_aarch64"
    assert served(policy.name, [("libc.so.6", "GLIBC_9.9")]) == ""
    linux = policy_of("linux_aarch64")
    assert linux is not None
    assert not linux.lacks("libc.so.6", "GLIBC_9.9")

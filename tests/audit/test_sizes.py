"""Sizes that no test writes to a disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from wheelforge.audit import size
from wheelforge.audit.contents import Contents, Member

MB, GB = 1 << 20, 1 << 30


def told(file: int, *members: int) -> set[str]:
    wheel = Contents(
        path=Path("demo-1.0-py3-none-any.whl"), project="demo", version="1.0", build=(),
        tags=frozenset(), size=file, texts={}, objects=(), traces=(), faults=(),
        members=tuple(Member(f"demo/{at}.bin", length, "") for at, length in enumerate(members)),
    )  # fmt: skip
    return {item.check for item in size.judge(wheel)} - {"size.total"}


@pytest.mark.parametrize(
    ("file", "member", "rules"),
    [
        (100 * MB, 3 * GB, set()),
        (100 * MB + 1, 3 * GB, {"size.index"}),
        (3 * GB, 4 * GB, {"size.zip64"}),
        (4 * GB, 1 * GB, {"size.zip64"}),
    ],
)
def test_limits(file: int, member: int, rules: set[str]) -> None:
    assert told(file, member, 10) == rules
    assert told(1) == set()

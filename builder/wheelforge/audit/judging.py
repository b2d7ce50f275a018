"""All rules for a whole wheel, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from wheelforge.audit import (
    layout,
    licence,
    load,
    mapping,
    metadata,
    pins,
    places,
    readers,
    record,
    runtimes,
    size,
    tag,
    undefined,
    wheelfile,
)
from wheelforge.audit.loader import scopes
from wheelforge.audit.policy import policy_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wheelforge.audit.asked import Asked
    from wheelforge.audit.contents import Contents
    from wheelforge.audit.findings import Finding
    from wheelforge.audit.policy import Policy


def judged(wheel: Contents, asked: Asked) -> tuple[Finding, ...]:
    """What is wrong with a wheel, and what should be known of it."""
    told = [*wheel.faults, *_judged(wheel, asked)]
    told += readers.judge(wheel, frozenset(item.check for item in told))
    return tuple(_accepted(item, asked) for item in told)


def _accepted(item: Finding, asked: Asked) -> Finding:
    if item.level != "error" or item.check not in asked.accepted:
        return item
    what = f"{item.what} (accepted by its recipe)"
    return msgspec.structs.replace(item, level="warning", what=what)


def _judged(wheel: Contents, asked: Asked) -> Iterator[Finding]:
    policy = _policy(wheel.platforms)
    found = scopes(wheel.objects, policy.has if policy is not None else _any)
    yield from metadata.judge(wheel)
    yield from wheelfile.judge(wheel)
    yield from record.judge(wheel)
    yield from tag.judge(wheel, policy)
    yield from mapping.judge(wheel, asked)
    yield from runtimes.judge(wheel, asked, policy)
    yield from pins.judge(wheel, asked)
    yield from licence.judge(wheel)
    yield from places.judge(wheel)
    yield from layout.judge(wheel)
    yield from size.judge(wheel)
    yield from load.judge(wheel, asked, found)
    yield from undefined.judge(found)


def _policy(platforms: Iterable[str]) -> Policy | None:
    """Of several platforms the one that promises least: all of them have to be true."""
    known = [policy for name in platforms if (policy := policy_of(name)) is not None]
    return min(known, key=lambda item: len(item.libraries) + _count(item), default=None)


def _count(policy: Policy) -> float:
    return sum(map(len, policy.versions.values())) if policy.versions else float("inf")


def _any(_name: str) -> bool:
    """Of systems without a policy it is not known what they have."""
    return True

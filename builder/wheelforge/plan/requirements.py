"""What the steps that fetch are called, and the wheels that recipes ask the package index for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from packaging.requirements import InvalidRequirement

from wheelforge import requirement
from wheelforge.errors import InputError
from wheelforge.graph import FetchStep, WheelSet
from wheelforge.pin import SERIES, Pin, PinnedSource
from wheelforge.plan.setting import Setting, Where


def wheel_set(
    pin: Pin, requires: Sequence[str], table: str, setting: Setting, where: Where
) -> WheelSet | None:
    """The wheels that `TABLE.requires` names, for this Python; None where it names nothing."""
    for number, text in enumerate(requires):
        if not _is_requirement(text):
            raise InputError(
                f"'{text}' is not a requirement",
                where=where(pin.name, table, "requires", number),
                remedy='write it as "name==1.2.3"',
            )
    python = setting.python
    if not requires:
        return None
    return WheelSet(
        requires=tuple(requires), python=python.version, tag=python.tag, platform=python.platform
    )


def source_step(source: PinnedSource) -> str:
    """What the step that fetches a source is called: `fetch:NAME`, with a version where nested."""
    name = f"{source.recipe}.{SERIES}" if source.series else source.recipe
    return f"fetch:{name}@{source.version}" if source.nested else f"fetch:{name}"


def fetch_step(pin: Pin, what: WheelSet, purpose: str) -> FetchStep:
    """The step that fetches them, `fetch:NAME@PURPOSE`."""
    return FetchStep(
        id=f"fetch:{pin.name}@{purpose}", name=pin.name, version=pin.version, what=what
    )


@lru_cache(maxsize=4096)
def _is_requirement(text: str) -> bool:
    try:
        requirement.parsed(text)
    except InvalidRequirement:
        return False
    return True

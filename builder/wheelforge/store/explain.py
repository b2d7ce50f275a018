"""Why a result cannot be reused: its inputs against those of the nearest earlier one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.store.store import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wheelforge.store.entry import Manifest

_MADE_BY_OTHERS = "commands"
_LONGEST = 90


def differences(
    manifests: list[Manifest], step: str, inputs: Mapping[str, str], needs: Mapping[str, str]
) -> tuple[str, ...]:
    """Each changed input as "name: old → new"; ("never built",) where there is nothing to compare.

    `commands` is named only when nothing else changed: commands follow from the other inputs.
    """
    old = nearest(manifests, inputs, step)
    if old is None:
        return ("never built",)
    changed = [
        *_changes(old.inputs, inputs, ""),
        *_changes(
            {n: v[:12] for n, v in old.needs.items()},
            {n: v[:12] for n, v in needs.items() if v},
            "result of ",
        ),
    ]
    told = [text for name, text in changed if name != _MADE_BY_OTHERS]
    return tuple(told or [text for _, text in changed] or ["an equal result was removed"])


def _changes(old: Mapping[str, str], new: Mapping[str, str], prefix: str) -> list[tuple[str, str]]:
    names = sorted({*old, *new}) if not prefix else sorted({*old} & {*new})
    return [
        (name, f"{prefix}{name}: {_short(old.get(name))} → {_short(new.get(name))}")
        for name in names
        if old.get(name) != new.get(name)
    ]


def _short(value: str | None) -> str:
    if value is None:
        return "(not set)"
    return value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"

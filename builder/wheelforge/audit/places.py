"""Folders of the build machine in what tools read, and in constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.audit.rules import found
from wheelforge.untrusted import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wheelforge.audit.contents import Contents
    from wheelforge.audit.findings import Finding


def judge(wheel: Contents) -> Iterator[Finding]:
    """One finding for each file."""
    files: dict[str, list[str]] = {}
    for path, text in wheel.traces:
        files.setdefault(path, []).append(text)
    for path, texts in files.items():
        yield found("path.text", _shown(texts), path)
    for item in wheel.objects:
        if item.traces:
            yield found("path.data", _shown(item.traces), item.path)


def _shown(texts: Iterable[str]) -> str:
    every = list(texts)
    return f"{len(every)} of {named(every[0])}" if len(every) > 1 else named(every[0])

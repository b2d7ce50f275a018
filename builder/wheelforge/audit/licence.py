"""Licence files: there, and those that METADATA names (PEP 639)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wheelforge.audit.requirements import fields
from wheelforge.audit.rules import found
from wheelforge.audit.runtimes import grafted
from wheelforge.untrusted import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.audit.contents import Contents
    from wheelforge.audit.findings import Finding

_NAMES = re.compile(r"(?:.*/)?(?:licen[cs]e|copying|notice|copyright|authors)[^/]*", re.IGNORECASE)
_NAMED = 3


def judge(wheel: Contents) -> Iterator[Finding]:
    """Older metadata names files beside METADATA, 2.4 and later those in licenses/."""
    inside = {
        item.path.removeprefix(f"{wheel.info}/")
        for item in wheel.members
        if item.path.startswith(f"{wheel.info}/")
    }
    named_files = fields(wheel, "METADATA", "License-File")
    for name in named_files:
        if not {name, f"licenses/{name}", f"license_files/{name}"} & inside:
            yield found("licence.missing", f"there is no {named(name)}", f"{wheel.info}/METADATA")
    if not named_files and not any(
        name.startswith("licenses/") or _NAMES.fullmatch(name) for name in inside
    ):
        yield found("licence.none", "its .dist-info holds none", wheel.path.name)
    copied = sorted(item.name for item in wheel.objects if _is_copied(item.path, item.name))
    if copied:
        shown = ", ".join(copied[:_NAMED]) + (", …" if len(copied) > _NAMED else "")
        yield found("licence.grafted", f"{len(copied)} libraries: {shown}", wheel.path.name)


def _is_copied(path: str, name: str) -> bool:
    return grafted(name) or path.partition("/")[0].endswith(".libs")

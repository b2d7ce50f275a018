"""The WHEEL file: there, and of one mind with the file's name and what is inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.tags import parse_tag

from wheelforge.audit.requirements import fields
from wheelforge.audit.rules import found
from wheelforge.untrusted import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.audit.contents import Contents
    from wheelforge.audit.findings import Finding


def judge(wheel: Contents) -> Iterator[Finding]:
    """Its fields; which Wheel-Version can be installed is for the readers to say."""
    where = f"{wheel.info}/WHEEL"
    if where not in wheel.texts:
        yield found("wheel.file", "there is no WHEEL", wheel.path.name)
        return
    lacking = [
        name
        for name in ("Wheel-Version", "Root-Is-Purelib", "Tag")
        if not fields(wheel, "WHEEL", name)
    ]
    if lacking:
        yield found("wheel.file", f"it does not say {', '.join(lacking)}", where)
    yield from _tags(wheel, where)
    if wheel.objects and fields(wheel, "WHEEL", "Root-Is-Purelib")[:1] == ("true",):
        what = f"Root-Is-Purelib is true, and {wheel.objects[0].path} is machine code"
        yield found("wheel.pure", what, where)


def _tags(wheel: Contents, where: str) -> Iterator[Finding]:
    said = fields(wheel, "WHEEL", "Tag")
    try:
        tags = frozenset(tag for text in said for tag in parse_tag(text))
    except ValueError:
        tags = frozenset()
    if said and tags != wheel.tags:
        shown = ", ".join(named(text) for text in said)
        in_name = ", ".join(sorted(str(tag) for tag in wheel.tags))
        yield found("wheel.tags", f"it says {shown}, the file's name {in_name}", where)
    build = "".join(str(part) for part in wheel.build)
    told = "".join(fields(wheel, "WHEEL", "Build")[:1])
    if build != told:
        what = f"it says build '{named(told)}', the file's name '{build}'"
        yield found("wheel.tags", what, where)

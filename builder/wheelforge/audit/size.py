"""How large a wheel is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wheelforge.audit.rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.audit.contents import Contents
    from wheelforge.audit.findings import Finding

INDEX = 100 << 20  # PyPI's limit for a file of a project that did not ask for more
ZIP64 = (1 << 32) - 1


def judge(wheel: Contents) -> Iterator[Finding]:
    """The file, and what is in it."""
    name = wheel.path.name
    largest = max(wheel.members, key=lambda item: item.size, default=None)
    if largest is not None and max(wheel.size, largest.size) >= ZIP64:
        what = f"it has {wheel.size / 1e9:.1f} GB, {largest.path} {largest.size / 1e9:.1f} GB"
        yield found("size.zip64", what, name)
    elif wheel.size > INDEX:
        yield found("size.index", f"it has {wheel.size / 1e6:.1f} MB", name)
    total = sum(item.size for item in wheel.members)
    what = f"{wheel.size / 1e6:.1f} MB, unpacked {total / 1e6:.1f} MB in {len(wheel.members)} files"
    yield found("size.total", what, name)

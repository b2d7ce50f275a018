"""Whether a companion requires the one version that it was built against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from wheelforge.audit.requirements import required
from wheelforge.audit.rules import found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.requirements import Requirement

    from wheelforge.audit.asked import Asked
    from wheelforge.audit.contents import Contents
    from wheelforge.audit.findings import Finding


def judge(wheel: Contents, asked: Asked) -> Iterator[Finding]:
    """For every package that recipes say it is a companion of."""
    if wheel.text("METADATA") is None:
        return
    requirements = {canonicalize_name(item.name): item for item in required(wheel)}
    where = f"{wheel.info}/METADATA"
    for project, versions in asked.companions.items():
        requirement = requirements.get(canonicalize_name(project))
        pinned = _pinned(requirement)
        if pinned is None:
            told = f"asks for '{requirement}'" if requirement else f"does not ask for {project}"
            yield found("pins.companion", told, where)
        elif versions and pinned.public not in versions:
            what = f"asks for {project} {pinned}; {wheel.project} {wheel.version} goes with "
            yield found("pins.version", what + ", ".join(versions), where)


def _pinned(requirement: Requirement | None) -> Version | None:
    for item in requirement.specifier if requirement is not None else ():
        if item.operator in {"==", "==="}:
            try:
                return Version(item.version)
            except ValueError:  # ==2.6.* is none
                continue
    return None

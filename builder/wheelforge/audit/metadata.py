"""METADATA: valid, of the name and version that the file says, and of a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.metadata import Metadata
from packaging.utils import canonicalize_name
from packaging.version import Version

from wheelforge.audit.requirements import fields
from wheelforge.audit.rules import found
from wheelforge.untrusted import named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.audit.contents import Contents
    from wheelforge.audit.findings import Finding

_DATED = "introduced in metadata version"  # packaging's words


def judge(wheel: Contents) -> Iterator[Finding]:
    """METADATA itself, and the version."""
    where = f"{wheel.info}/METADATA"
    data = wheel.texts.get(where)
    if data is None:
        what = "there is no single .dist-info folder with a METADATA"
        yield found("metadata.invalid", what, wheel.path.name)
        return
    for problem in _problems(data):
        dated = _DATED in problem
        rule = "metadata.dated" if dated else "metadata.invalid"
        yield found(rule, named(problem), where)
    yield from _names(wheel, where)
    yield from _version(wheel)


def _problems(data: bytes) -> list[str]:
    try:
        Metadata.from_email(data, validate=True)
    except ExceptionGroup as group:
        return [_cause(error) for error in group.exceptions]
    except (ValueError, RecursionError) as error:
        return [str(error)]
    return []


def _cause(error: BaseException) -> str:
    return f"{error}: {error.__cause__}" if error.__cause__ else str(error)


def _names(wheel: Contents, where: str) -> Iterator[Finding]:
    """`1.0` and `1.0.0` are one version; what is missing packaging has told."""
    for project in fields(wheel, "METADATA", "Name"):
        if canonicalize_name(project) != wheel.project:
            what = f"METADATA says {named(project)}, the file's name {wheel.project}"
            yield found("metadata.name", what, where)
    for version in fields(wheel, "METADATA", "Version"):
        if not _same(version, wheel.version):
            what = f"METADATA says {named(version)}, the file's name {wheel.version}"
            yield found("metadata.name", what, where)
    project, _, version = wheel.info.removesuffix(".dist-info").rpartition("-")
    if canonicalize_name(project) != wheel.project or not _same(version, wheel.version):
        what = f"the folder is {named(wheel.info)}, and not of {wheel.project} {wheel.version}"
        yield found("metadata.name", what, wheel.path.name)


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except ValueError:  # also of int(), for numbers of thousands of digits
        return one == other


def _version(wheel: Contents) -> Iterator[Finding]:
    version = Version(wheel.version)
    local = version.local or ""
    if local.startswith("git") or (local and (version.is_prerelease or version.is_devrelease)):
        yield found("version.git", f"its version is {version}", wheel.path.name)
    elif local:
        yield found("version.local", f"its version is {version}", wheel.path.name)

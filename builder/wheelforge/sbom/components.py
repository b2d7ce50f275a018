"""Parts, compilers and files as components of a CycloneDX document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.component import (
    Component,
    ComponentScope,
    ComponentType,
    Diff,
    Patch,
    PatchClassification,
    Pedigree,
)
from packageurl import PackageURL

from wheelforge.address import package_url, project_url
from wheelforge.bill import Change, Origin, Part, Tool
from wheelforge.sbom.origins import Held

_OWN = "wheelforge:"  # what CycloneDX has no field for


def of_part(part: Part, files: Iterable[Held], place: str) -> Component:
    """A package, with its files in the wheel; `place` says where it is to be found."""
    url = PackageURL.from_string(_url(part))
    said = [("kind", part.kind), ("place", place)]
    said += [("source", f"{one.address} {_told(one)}".strip()) for one in part.sources]
    said += [("compiler", reference(tool)) for tool in part.compilers]
    said += [("patch", f"{one.name} sha256:{one.sha256}") for one in part.patches]
    references = [item for one in part.sources for item in _references(one)]
    return Component(
        name=part.project if part.kind == "wheel" else part.name,
        version=part.version,
        type=ComponentType.LIBRARY,
        bom_ref=url.to_string(),
        purl=url,
        licenses=[LicenseFactory().make_from_string(part.license)] if part.license else None,
        external_references=references,
        pedigree=_pedigree(part.patches) if part.patches else None,
        properties=_properties(said),
        components=map(_file, files),
    )


def compiler(tool: Tool) -> Component:
    """A compiler: not in the wheel, but what is in it is of its making."""
    return Component(
        name=tool.name,
        version=tool.version,
        type=ComponentType.APPLICATION,
        bom_ref=reference(tool),
        scope=ComponentScope.EXCLUDED,
        hashes=_hashes(tool.sha256),
        properties=_properties([("role", tool.role)]),
    )


def reference(tool: Tool) -> str:
    """What a document calls a compiler."""
    return f"{tool.name}@{tool.version}:{tool.role}:{tool.sha256[:16]}"


def foreign(files: list[Held]) -> Component:
    """A library that was not built here: the package it is from, or the file itself."""
    first = files[0]
    if first.owner is None:
        return Component(
            name=first.soname,
            type=ComponentType.LIBRARY,
            bom_ref=f"file:{first.soname}:{first.original or first.sha256}",
            properties=_properties([("place", "in the wheel"), ("kind", "of the system")]),
            components=map(_file, files),
        )
    url = PackageURL.from_string(first.owner.url)
    return Component(
        name=first.owner.name,
        version=first.owner.version,
        type=ComponentType.LIBRARY,
        bom_ref=url.to_string(),
        purl=url,
        properties=_properties(
            [
                ("place", "in the wheel"),
                ("kind", "of the system"),
                *([("package", f"sha256:{first.owner.sha256}")] if first.owner.sha256 else []),
            ]
        ),
        components=map(_file, files),
    )


def _url(part: Part) -> str:
    if part.kind == "wheel":
        return project_url(part.project, part.version)
    return package_url("generic", part.name, part.version)


def _file(one: Held) -> Component:
    said = [("copied-from", f"sha256:{one.original}")] if one.original else []
    return Component(
        name=one.path,
        type=ComponentType.FILE,
        bom_ref=f"file:{one.path}",
        hashes=_hashes(one.sha256),
        properties=_properties(said),
    )


def _references(one: Origin) -> Iterator[ExternalReference]:
    kind, _, value = one.identity.partition(":")
    if one.kind == "git" and one.address.startswith("git+"):
        url, _, tag = one.address.removeprefix("git+").rpartition("@")
        yield _reference(ExternalReferenceType.SCM, url, f"{tag} {value}".strip())
    elif kind == "sha256":
        yield _reference(ExternalReferenceType.SOURCE_DISTRIBUTION, one.address, sha256=value)


def _reference(
    kind: ExternalReferenceType, url: str, comment: str = "", sha256: str = ""
) -> ExternalReference:
    return ExternalReference(
        type=kind, url=XsUri(url), comment=comment or None, hashes=_hashes(sha256)
    )


def _told(one: Origin) -> str:
    series = " (patches)" if one.series else ""
    without = f" without {', '.join(one.without)}" if one.without else ""
    return f"{one.identity}{series}{without}"


def _pedigree(changes: Iterable[Change]) -> Pedigree:
    changes = tuple(changes)
    patches = [
        Patch(
            type=PatchClassification.UNOFFICIAL,
            diff=Diff(url=XsUri(f"{one.name}#sha256={one.sha256}")),
        )
        for one in changes
    ]
    notes = "\n".join(f"{one.name}: {one.why}" for one in changes if one.why)
    return Pedigree(patches=patches, notes=notes or None)


def _hashes(sha256: str) -> list[HashType]:
    return [HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 else []


def _properties(said: Iterable[tuple[str, str]]) -> list[Property]:
    return [Property(name=f"{_OWN}{name}", value=value) for name, value in said]

"""Everything that went into a wheel, by address and digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from wheelforge import wheel
from wheelforge.address import address, digest_of, package_url, project_url
from wheelforge.graph import BuildStep, FetchStep, Step, WheelSet, counts, encoded
from wheelforge.pin import PinnedPatch, PinnedSource
from wheelforge.pipeline.options import Home
from wheelforge.pipeline.results import Results
from wheelforge.provenance import Resource
from wheelforge.toolchain import Compilers

TREE = "wheelforgeTree"  # of a step's output, as its manifest has it


def materials(
    steps: Iterable[Step], last: Step, compilers: Compilers | None, results: Results, home: Home
) -> tuple[Resource, ...]:
    """What `steps` take in, and what each but the `last` leaves for another.

    Sources, patches, wheels, compilers, the packages of a sysroot.
    """
    found: list[Resource] = []
    for step in steps:
        if isinstance(step, FetchStep):
            found += _fetched(step.what, home)
        elif isinstance(step, BuildStep):
            found += _laid_in(step, home)
        if not isinstance(step, FetchStep) and step != last and counts(step.id):
            found += outcome(step, results, home)
    found += _compilers(compilers) if compilers is not None else ()
    return tuple({encoded(item): item for item in found}.values())


def outcome(step: Step, results: Results, home: Home) -> Iterator[Resource]:
    """What a step left: its output, and the wheel in it."""
    entry = results.look(step).entry
    if entry is None:  # a check of something that nobody needs again
        return
    output = {TREE: entry.manifest.output}
    yield Resource(name=step.id, uri=f"urn:wheelforge:step:{step.id}", digest=output)
    if entry.manifest.product:
        file = entry.product.name
        name, version, _ = wheel.parse_name(file)
        found = {"sha256": home.memo.of_file(entry.product)}
        yield Resource(name=file, uri=project_url(name, version, file), digest=found)


def _fetched(what: PinnedSource | WheelSet, home: Home) -> Iterator[Resource]:
    if isinstance(what, PinnedSource):
        identity = digest_of(home.sources.identity(what))
        yield Resource(name=what.recipe, uri=address(what), digest=identity)
        return
    for file in home.sources.recorded(what):
        name, version, _ = wheel.parse_name(file.name)
        uri = project_url(name, version, file.name)
        yield Resource(name=file.name, uri=uri, digest={"sha256": file.sha256})


def _laid_in(step: BuildStep, home: Home) -> Iterator[Resource]:
    """What a build takes from this machine itself: sources that are a path, and patches."""
    for item in step.unpack:
        yield from _fetched(item.source, home)
    for patch in step.patches:
        yield _patch(step.name, patch)


def _patch(recipe: str, patch: PinnedPatch) -> Resource:
    name = Path(patch.file).name
    uri = f"urn:wheelforge:patch:{recipe}:{name}"
    return Resource(name=name, uri=uri, digest={"sha256": patch.sha256})


def _compilers(found: Compilers) -> Iterator[Resource]:
    for role, sha256 in sorted(found.digests.items()):
        uri = package_url("generic", found.family, found.version, role=role)
        yield Resource(name=Path(found.paths[role]).name, uri=uri, digest={"sha256": sha256})
    if found.sysroot is None:
        return
    name = Path(found.sysroot.name).name
    identity = {"sha256": found.sysroot.identity}
    yield Resource(name=name, uri=f"urn:wheelforge:sysroot:{name}", digest=identity)
    for item in found.sysroot.packages:
        uri = package_url("deb", item.name, item.version, "debian")
        yield Resource(name=item.name, uri=uri, digest={"sha256": item.sha256})

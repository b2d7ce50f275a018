"""What every wheel of a plan is made of, for its bill of materials."""

from __future__ import annotations

from collections.abc import Iterator

from wheelforge.address import address
from wheelforge.bill import Bill, Change, Origin, Package, Part, Tool
from wheelforge.pin import Pin, PinnedSource
from wheelforge.plan.inputs import ROLES
from wheelforge.plan.requirements import source_step
from wheelforge.plan.setting import Setting
from wheelforge.recipe import GitSource


class Bills:
    """The packages laid out so far; dependencies come first."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._parts: dict[str, Part] = {}

    def add(self, pin: Pin) -> None:
        """Note a package, and the sources nested in it."""
        inner = [source for source in pin.sources if source.nested]
        for name in dict.fromkeys(source.recipe for source in inner):
            self._parts.setdefault(name, _nested([x for x in inner if x.recipe == name]))
        own = [source for source in pin.sources if not source.nested]
        self._parts[pin.name] = Part(
            name=pin.name,
            version=pin.version,
            kind=pin.recipe.kind,
            license=pin.recipe.license,
            project=pin.recipe.distribution or pin.name,
            sources=tuple(map(_origin, own)),
            patches=tuple(_changes(pin)),
            compilers=tuple(self._tools(pin)),
            holds=tuple(dict.fromkeys(source.recipe for source in inner)),
            needs=pin.depends,
        )

    def of(self, pin: Pin) -> Bill:
        """The bill of a wheel: it, and everything below it."""
        found: dict[str, Part] = {}
        wanted = [pin.name]
        while wanted:
            name = wanted.pop(0)
            if name not in found:
                part = found[name] = self._parts[name]
                wanted += (*part.holds, *part.needs)
        sysroot = self._setting.compilers.sysroot
        if sysroot is None:
            return Bill(parts=tuple(found.values()))
        packages = tuple(
            Package(name=item.name, version=item.version, sha256=item.sha256)
            for item in sysroot.packages
            if item.name.startswith("lib")
        )
        return Bill(parts=tuple(found.values()), folders=sysroot.folders, packages=packages)

    def _tools(self, pin: Pin) -> Iterator[Tool]:
        compilers = self._setting.compilers
        languages = pin.recipe.build.languages if pin.recipe.build else ()
        for role in dict.fromkeys(ROLES[language] for language in languages):
            if role in compilers.digests:
                yield Tool(
                    role=role,
                    name=compilers.family,
                    version=compilers.version,
                    sha256=compilers.digests[role],
                )


def _nested(sources: list[PinnedSource]) -> Part:
    first = sources[0]
    return Part(
        name=first.recipe,
        version=first.version,
        kind="source",
        license=first.license,
        sources=tuple(map(_origin, sources)),
    )


def _origin(source: PinnedSource) -> Origin:
    return Origin(
        address=address(source),
        identity=source.identity,
        fetch="" if source.identity else source_step(source),
        kind="git" if isinstance(source.source, GitSource) else "archive",
        series=source.series,
        without=source.without,
    )


def _changes(pin: Pin) -> Iterator[Change]:
    reasons = {patch.sha256: patch.why for patch in pin.recipe.patches}
    for patch in pin.patches:
        name = patch.file.rpartition("/")[2]
        yield Change(name=name, sha256=patch.sha256, why=reasons.get(patch.sha256, ""))

"""What the packages of a plan ask of a machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from wheelforge.backends import DRIVERS
from wheelforge.doctor import Need, Work
from wheelforge.fetch import apt_sources, git_address
from wheelforge.graph import WheelSet
from wheelforge.interpreter import Interpreter
from wheelforge.pin import Pin, PinnedSource
from wheelforge.pipeline.options import Home
from wheelforge.recipe import ArchiveSource, DebianSource, GitSource, PypiSource
from wheelforge.resources import parse_bytes

_APT = Path("/etc/apt")


def planned(basis: Need, pins: Iterable[Pin], home: Home, python: Interpreter | None) -> Need:
    """The need of `pins`, on top of what every plan needs."""
    pins = tuple(pins)
    absent = [source for pin in pins for source in pin.sources if not home.sources.have(source)]
    family = basis.toolchain.family if basis.toolchain else "gcc"
    return replace(
        basis,
        planned=True,
        headers=any(pin.recipe.kind == "wheel" for pin in pins),
        work=tuple(work for pin in pins for work in _work(pin, family)),
        programs=_gathered((name, pin.name) for pin in pins for name in _programs(pin)),
        hosts=_gathered((at, item.recipe) for item in absent for at in _addresses(item)),
        index=any(isinstance(item.source, PypiSource) for item in absent)
        or any(not _has_requirements(pin, home, python) for pin in pins),
    )


def _work(pin: Pin, family: str) -> Iterator[Work]:
    recipe = pin.recipe
    if recipe.build is None:
        return
    where = f"recipe {pin.name}: resources"
    compilers = {str(name): spec for name, spec in recipe.compilers.items()}
    yield Work(
        name=pin.name,
        version=pin.version,
        languages=recipe.build.languages,
        memory=parse_bytes(recipe.resources.memory_per_job, where),
        jobs=recipe.resources.max_jobs,
        disk=parse_bytes(recipe.resources.disk, where),
        compilers=compilers.get(family, "*"),
    )


def _programs(pin: Pin) -> Iterator[str]:
    if pin.recipe.build is not None:
        yield from DRIVERS[pin.recipe.build.backend].programs
        yield from pin.recipe.build.tools
        if pin.recipe.build.backend == "cmake" and pin.recipe.build.generator == "Unix Makefiles":
            yield "make"
    if pin.patches or any(item.series for item in pin.sources):
        yield "patch"
    if any(isinstance(item.source, GitSource) for item in pin.sources):
        yield "git"
    if pin.recipe.kind == "wheel":
        yield from ("uv", "patchelf")


def _has_requirements(pin: Pin, home: Home, python: Interpreter | None) -> bool:
    """Whether the wheels a build asks for are here."""
    requires = pin.recipe.build.requires if pin.recipe.build else ()
    if not requires or python is None:
        return True
    wheels = WheelSet(
        requires=requires, python=python.version, tag=python.tag, platform=python.platform
    )
    return home.sources.have(wheels)


def _addresses(item: PinnedSource) -> Iterator[str]:
    """Scheme and host that a source comes from; its mirrors are not asked."""
    match item.source:
        case GitSource(url=url) | ArchiveSource(url=url):
            if not git_address.is_local(url):
                yield _root(url)
        case DebianSource():
            archives = apt_sources.configured(_APT / "sources.list", _APT / "sources.list.d")
            yield from (_root(archive.uri) for archive in archives[:1])
        case _:
            return


def _root(url: str) -> str:
    """`https://host` of an address; `ssh://host` of `user@host:path`."""
    if "://" not in url:
        return f"ssh://{url.partition(':')[0].rpartition('@')[2]}"
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}"


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Keys to all their values, in the order in which they came, none twice."""
    found: dict[str, dict[str, None]] = {}
    for key, value in pairs:
        found.setdefault(key, {})[value] = None
    return {key: tuple(values) for key, values in found.items()}

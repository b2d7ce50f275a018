"""Everything before the first effect: find compilers and Python, resolve, plan."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from functools import cache

import msgspec

from wheelforge import catalog, digest, probe
from wheelforge.graph import Plan, Step, WheelSet
from wheelforge.interpreter import Interpreter
from wheelforge.pin import PinnedSource
from wheelforge.pipeline.asking import asked_for
from wheelforge.pipeline.ground import compilers_for, emulation_for, python_for, weakness
from wheelforge.pipeline.lacks import lacking
from wheelforge.pipeline.options import Home, Options
from wheelforge.plan import Setting, plan
from wheelforge.recipe import Conditions, Probe
from wheelforge.resolve import Request, resolve
from wheelforge.store import Found, differences
from wheelforge.target import Target


class _View:
    """Answers a plan's questions out of the store and the source cache."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def identity(self, what: PinnedSource | WheelSet) -> str:
        return self._home.sources.identity(what)

    def have(self, what: PinnedSource | WheelSet) -> bool:
        return self._home.sources.have(what)

    def find(self, key: str, name: str, version: str) -> Found:
        return self._home.store.find(key, name, version)

    def explain(self, step: Step, needs: Mapping[str, str]) -> tuple[str, ...]:
        manifests = self._home.store.of_name(step.name)
        return differences(manifests, step.id, step.inputs, needs)


def make_plan(options: Options, home: Home) -> Plan:
    """The plan for what the user typed. Raises InputError; changes nothing but digests.json."""
    gc.disable()  # what is made here stays: collecting among it took half the time
    try:
        return _make_plan(options, home)
    finally:
        gc.freeze()
        gc.enable()


def _make_plan(options: Options, home: Home) -> Plan:
    target = catalog.load_target(options.target)
    toolchain = catalog.load_toolchain(options.toolchain)
    compilers = compilers_for(toolchain, options.sysroot, home)
    probe.suited(compilers, target, catalog.toolchains_for(target.machine))
    emulation = emulation_for(compilers, target)
    python = python_for(options.python, compilers, emulation, home)
    library = catalog.open_catalog(options.recipes, options.overlays)
    look = cache(probe.external)
    known = situation(target, compilers.words, python)
    request = request_of(options, library, known, compilers.versions, look)
    resolution = resolve(request, library, digest.of_path)
    setting = Setting(
        target=target, flags=probe.flags(target, compilers), compilers=compilers, python=python
    )

    def where(name: str, *key: str | int) -> str:
        return library.document(name).where(*key)

    made = plan(resolution, setting, _View(home), where)
    home.memo.save()
    lacks = (
        *weakness(emulation, target),
        *lacking(made, resolution, where, look, compilers.sysroot),
    )
    asked = asked_for(options, library, resolution, setting, toolchain)
    return msgspec.structs.replace(made, lacks=lacks, asked=asked)


def situation(
    target: Target, toolchain: frozenset[str], python: Interpreter, version: str = ""
) -> Conditions:
    """What recipes' conditions are decided by; `toolchain` are the words they may name it by."""
    return Conditions(
        version=version,
        python=python.version,
        target=target.words,
        machine=target.machine,
        toolchain=toolchain,
    )


def request_of(
    options: Options,
    library: catalog.Catalog,
    conditions: Conditions,
    compilers: Mapping[str, str],
    look: Callable[[Probe], probe.Sighting] = probe.external,
) -> Request:
    """What the user typed, as resolve takes it, with the compatibility table.

    `compilers` are the versions of what compiles; `look` finds out about external software.
    """
    return Request(
        requirements=options.requirements,
        conditions=conditions,
        pins=options.pins,
        sources=options.sources,
        only=options.only,
        compilers=compilers,
        rows=library.rows(),
        untested=options.untested,
        external=lambda item: look(item.probe).version,
    )

"""The plan: a DAG of steps, each complete enough to be run by another process.

Strings hold `@{name}` for paths that exist only while a step runs: `@{src}` the source tree,
`@{build}` the build folder beside it, `@{prefix}` where a library will live, `@{stage}` where it
is installed first, `@{wheels}` where a wheel is put, `@{env}` the build environment, `@{bin}` the
folder of build programs, `@{jobs}` the number of jobs granted, `@{dep.NAME}` a dependency's prefix.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from wheelforge.pin import PinnedPatch, PinnedSource
from wheelforge.recipe import Check, Install, Resources
from wheelforge.template import render


class _Frozen(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Command(_Frozen, frozen=True, kw_only=True):
    """One program run: `label` is unique within its step, `offline` takes the network away."""

    label: str
    argv: tuple[str, ...]
    cwd: str = "@{build}"
    offline: bool = True


class WheelSet(_Frozen, frozen=True, kw_only=True):
    """Wheels from the package index: the closure of `requires` for one Python."""

    requires: tuple[str, ...]
    python: str
    tag: str
    platform: str


class _Step(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What every step has: `inputs` are the named facts its key is made of, beside its needs."""

    id: str
    name: str
    version: str
    needs: tuple[str, ...] = ()
    inputs: dict[str, str] = {}


class FetchStep(_Step, frozen=True, kw_only=True, tag="fetch"):
    """Bring one source, or the wheels of a build environment, into the source cache."""

    what: PinnedSource | WheelSet


class Unpack(_Frozen, frozen=True, kw_only=True):
    """The result of fetch step `step`, unpacked at `at` below the source tree."""

    step: str
    at: str
    strip: int


class Environment(_Frozen, frozen=True, kw_only=True):
    """An isolated Python environment: `wheels` is a fetch step, `install` are repair steps."""

    python: str
    requires: tuple[str, ...]
    wheels: str
    install: tuple[str, ...]


class BuildStep(_Step, frozen=True, kw_only=True, tag="build"):
    """Turn sources into a library prefix or a wheel."""

    result: str
    unpack: tuple[Unpack, ...]
    patches: tuple[PinnedPatch, ...]
    commands: tuple[Command, ...]
    env: dict[str, str]
    programs: dict[str, str]
    install: Install
    checks: tuple[Check, ...]
    resources: Resources
    environment: Environment | None = None
    libraries: dict[str, str] = {}
    build_folder: str = ""
    timeout_minutes: float | None = None


class RepairStep(_Step, frozen=True, kw_only=True, tag="repair"):
    """Copy the shared libraries a wheel needs into it and give it the tag it deserves."""

    wheel: str
    commands: tuple[Command, ...]
    env: dict[str, str]
    libraries: dict[str, str]
    programs: dict[str, str]


class CheckStep(_Step, frozen=True, kw_only=True, tag="check"):
    """Install wheels into a clean environment and run a recipe's checks there."""

    wheel: str
    install: tuple[str, ...]
    python: str
    checks: tuple[Check, ...]


Step: TypeAlias = FetchStep | BuildStep | RepairStep | CheckStep


class State(_Frozen, frozen=True, kw_only=True):
    """Where a step stands before the run.

    `verdict`: cached (its result is in the store), idle (nothing that is to be done needs it),
    todo. `reasons` say why it is to be done, as data: what changed, or which step comes before.
    """

    verdict: str
    reasons: tuple[str, ...] = ()
    key: str = ""


class Plan(_Frozen, frozen=True, kw_only=True):
    """Steps in an order in which every step comes after what it needs."""

    steps: tuple[Step, ...]
    states: dict[str, State]
    requested: tuple[str, ...]
    target: str
    toolchain: str
    python: str
    notes: tuple[str, ...] = ()

    def step(self, name: str) -> Step | None:
        """The step with this id."""
        return next((step for step in self.steps if step.id == name), None)

    @property
    def todo(self) -> tuple[Step, ...]:
        """The steps that have to run."""
        return tuple(step for step in self.steps if self.states[step.id].verdict == "todo")


def shown(text: str) -> str:
    """A plan's string for people: `@{prefix}` as `$prefix`, `@{dep.acl}` as `$acl`."""
    return render(text, lambda name: "$" + name.removeprefix("dep.").replace("-", "_"))

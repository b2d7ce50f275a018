"""The plan: a DAG of steps, each complete enough to be run by another process.

Strings hold `@{name}` for paths that exist only while a step runs: `@{src}` the source tree,
`@{build}` the build folder beside it, `@{prefix}` where a library will live, `@{stage}` where it
is installed first, `@{wheels}` where a wheel is put, `@{env}` the build environment, `@{bin}` the
folder of build programs, `@{jobs}` the number of jobs granted, `@{dep.NAME}` a dependency's prefix,
`@{sysroot}` the system that a cross compiler compiles for, `@{wheel.repair.NAME}` the wheel that
another step made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from wheelforge import digest
from wheelforge.asked import Asked
from wheelforge.bill import Bill
from wheelforge.interpreter import Interpreter
from wheelforge.pin import PinnedPatch, PinnedSource
from wheelforge.recipe import Check, Install, Resources
from wheelforge.template import render
from wheelforge.toolchain import Compilers

SCHEMA = 1
COMES_FIRST = " comes first"


class _Frozen(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Command(_Frozen, frozen=True, kw_only=True):
    """One program run: `label` is unique within its step, `offline` takes the network away."""

    label: str
    argv: tuple[str, ...]
    cwd: str = "@{build}"
    offline: bool = True


class WheelSet(_Frozen, frozen=True, kw_only=True, tag="wheels"):
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
    """Bring one source, or the wheels of an environment, into the source cache."""

    what: PinnedSource | WheelSet


class Unpack(_Frozen, frozen=True, kw_only=True):
    """A source, unpacked (or copied, when it is a folder) at `source.at` below the source tree."""

    source: PinnedSource
    strip: int


class Environment(_Frozen, frozen=True, kw_only=True):
    """An isolated Python environment with `wheels` and the results of the steps `install`."""

    python: str
    wheels: WheelSet | None
    install: tuple[str, ...]


class BuildStep(_Step, frozen=True, kw_only=True, tag="build"):
    """Turn sources into a library prefix or a wheel (`result`).

    `libraries` maps names to the build steps whose prefixes are `@{dep.NAME}`; `programs` maps
    names to the absolute paths that appear in `@{bin}`. `files` are laid into `@{work}` first.
    `compiler_options` reach the compilers past the build tools, which keep what they are told.
    """

    result: str
    unpack: tuple[Unpack, ...]
    patches: tuple[PinnedPatch, ...]
    commands: tuple[Command, ...]
    env: dict[str, str]
    programs: dict[str, str]
    libraries: dict[str, str]
    install: Install
    resources: Resources
    environment: Environment | None = None
    timeout_minutes: float | None = None
    files: dict[str, str] = {}
    sysroot: str = ""
    compiler_options: tuple[str, ...] = ()

    @property
    def gated_env(self) -> dict[str, str]:
        """The variables of its commands where a gate is in front of the compilers."""
        if not self.compiler_options:
            return self.env
        return {
            **self.env,
            "WHEELFORGE_OPTIONS": "\n".join(self.compiler_options),
            "WHEELFORGE_NO_RPATH": "\n".join(f"@{{dep.{name}}}" for name in self.libraries),
        }

    @property
    def ungated_env(self) -> dict[str, str]:
        """The variables of its commands where the compilers have to be told everything in flags."""
        flags = {
            name: " ".join((self.env.get(name, ""), *self.compiler_options)).strip()
            for name in ("CFLAGS", "CXXFLAGS", "FFLAGS")
        }
        return {**self.env, **flags} if self.compiler_options else self.env


class RepairStep(_Step, frozen=True, kw_only=True, tag="repair"):
    """Copy the shared libraries the wheel of step `wheel` needs into it and retag it.

    `distribution` is what the wheel has to call itself, where that is not `name`. `files` are laid
    into `@{work}` first. Of the `bill` a document is made that goes into the wheel.
    """

    wheel: str
    commands: tuple[Command, ...]
    env: dict[str, str]
    programs: dict[str, str]
    libraries: dict[str, str]
    distribution: str = ""
    sysroot: str = ""
    files: dict[str, str] = {}
    bill: Bill | None = None


class IsaCheck(_Frozen, frozen=True, kw_only=True):
    """No code for `machine` needs more than `features`, save what `dispatch` says is chosen."""

    machine: str
    features: tuple[str, ...]
    dispatch: dict[str, tuple[str, ...]] = {}


class WheelCheck(_Frozen, frozen=True, kw_only=True):
    """The wheel keeps the rules of `wheelforge audit`, whose version is `rules`.

    `page_size` is the target's; `companions` are the versions of the packages that it has to pin,
    `excluded` globs of libraries that are there where it runs, `accepted` rules that its recipe
    answers for.
    """

    rules: str
    page_size: int
    companions: dict[str, str] = {}
    excluded: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()


class CheckStep(_Step, frozen=True, kw_only=True, tag="check"):
    """Run a recipe's checks on the result of step `of`.

    A wheel's run in a clean environment in which the results of `install` are installed, and
    those of `wheels` that are not among them. `compiler` are the words that call the C compiler,
    which makes what looks into checks that end by SIGILL; no key is made of them. `isa` is for the
    machines that are decoded quickly. `wheel` is for wheels.
    """

    of: str
    install: tuple[str, ...]
    python: Interpreter
    checks: tuple[Check, ...]
    wheels: WheelSet | None = None
    compiler: tuple[str, ...] = ()
    isa: IsaCheck | None = None
    wheel: WheelCheck | None = None


Step: TypeAlias = FetchStep | BuildStep | RepairStep | CheckStep


class State(_Frozen, frozen=True, kw_only=True):
    """Where a step stands before the run.

    `verdict`: cached (its result is in the store), idle (nothing that is to be done needs it),
    todo. `reasons` say why it is to be done, as data: what changed, or which step comes before.
    """

    verdict: str
    reasons: tuple[str, ...] = ()
    key: str = ""


class Lack(_Frozen, frozen=True, kw_only=True):
    """Something this machine lacks: what, who needs it, and what mends it.

    `needed` to build, so that the plan is not carried out, or only to run the result.
    """

    what: str
    where: str
    remedy: str
    needed: Literal["build", "run"] = "build"


class Plan(_Frozen, frozen=True, kw_only=True):
    """Steps in an order in which every step comes after what it needs.

    `asked` is the request behind it, `compilers` are those of its build steps.
    """

    steps: tuple[Step, ...]
    states: dict[str, State]
    requested: tuple[str, ...]
    target: str
    archspec: str
    features: tuple[str, ...]
    toolchain: str
    python: Interpreter
    lacks: tuple[Lack, ...] = ()
    asked: Asked | None = None
    compilers: Compilers | None = None

    def step(self, name: str) -> Step | None:
        """The step with this id."""
        return next((step for step in self.steps if step.id == name), None)

    @property
    def todo(self) -> tuple[Step, ...]:
        """The steps that have to run."""
        return tuple(step for step in self.steps if self.states[step.id].verdict == "todo")


_ENCODER = msgspec.json.Encoder(order="sorted")


def encoded(value: object) -> bytes:
    """Canonical JSON of a plan's values: sorted keys, no spaces."""
    return _ENCODER.encode(value)


def counts(name: str) -> bool:
    """True when a step's output goes into the keys of the steps that need it.

    A check only has to pass first: what it checks is needed by itself.
    """
    return not name.startswith("check:")


def built(name: str) -> str:
    """The step that builds a package."""
    return f"build:{name}"


def product(step: str) -> str:
    """How a plan's string names the wheel that a step made."""
    return "@{wheel." + step.replace(":", ".") + "}"


def key_of(step: Step, needs: Mapping[str, str]) -> str:
    """The content key of a step's result: its named inputs and the outputs of what it needs."""
    outputs = {name: output for name, output in needs.items() if counts(name)}
    return digest.of_bytes(encoded({"schema": SCHEMA, "inputs": step.inputs, "needs": outputs}))


def shown(text: str) -> str:
    """A plan's string for people: `@{prefix}` as `$prefix`, `@{dep.acl}` as `$acl`."""
    return render(text, lambda name: "$" + name.removeprefix("dep.").replace("-", "_"))

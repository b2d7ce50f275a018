"""The steps of one pin: fetch its sources, build it, repair its wheel, check the result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from wheelforge import digest, programs
from wheelforge.backends import DRIVERS
from wheelforge.errors import InputError
from wheelforge.graph import (
    BuildStep,
    CheckStep,
    Command,
    Environment,
    FetchStep,
    RepairStep,
    Step,
    Unpack,
    WheelSet,
)
from wheelforge.interpreter import Interpreter
from wheelforge.pin import Pin, PinnedSource
from wheelforge.plan.environment import SOURCE_DATE_EPOCH, build_env, key_env, values_of
from wheelforge.recipe import Build, Check, PathSource
from wheelforge.target import Target
from wheelforge.template import expand
from wheelforge.toolchain import Compilers

_COMPILER_ROLES = {"c": "cc", "c++": "cxx", "fortran": "fc"}
_REPAIR_PROGRAMS = ("auditwheel", "patchelf")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the whole run is for: the processor, its flags, the compilers and the Python."""

    target: Target
    flags: str
    compilers: Compilers
    python: Interpreter


def lay_out(pin: Pin, pins: Mapping[str, Pin], setting: Setting) -> list[Step]:
    """The steps of `pin`, each after what it needs; `pins` are all packages of the run."""
    fetches = [
        _fetch(source) for source in pin.sources if not isinstance(source.source, PathSource)
    ]
    build = _Builder(pin, pins, setting, fetches)
    steps: list[Step] = [*fetches, *build.environment_fetch(), build.step()]
    if pin.recipe.kind == "wheel":
        steps.append(_repair(pin, pins))
    if check := _check(pin, pins, setting.python, build.values):
        steps.append(check)
    return steps


def result_step(pin: Pin) -> str:
    """The step whose result dependents use."""
    return f"repair:{pin.name}" if pin.recipe.kind == "wheel" else f"build:{pin.name}"


def last_step(pin: Pin) -> str:
    """The step that has to end well before dependents start."""
    checked = pin.recipe.checks
    return f"check:{pin.name}" if checked else result_step(pin)


def _fetch(source: PinnedSource) -> FetchStep:
    what = msgspec.structs.replace(source, at="")
    return FetchStep(
        id=f"fetch:{source.recipe}-{source.version}" if source.at else f"fetch:{source.recipe}",
        name=source.recipe,
        version=source.version,
        what=what,
    )


def closure(pin: Pin, pins: Mapping[str, Pin], kind: str) -> list[Pin]:
    """What `pin` depends on of one kind, directly or through packages of that kind, in order."""
    found: dict[str, Pin] = {}
    queue = list(pin.depends)
    for name in queue:  # grows while it is walked
        other = pins[name]
        if other.recipe.kind == kind and name not in found:
            found[name] = other
            queue += other.depends
    return [found[name] for name in found]


class _Builder:
    """Puts one build step together."""

    def __init__(
        self, pin: Pin, pins: Mapping[str, Pin], setting: Setting, fetches: Sequence[FetchStep]
    ) -> None:
        if pin.recipe.build is None:
            raise InputError("the recipe has no [build] table", where=pin.name)
        self._pin = pin
        self._setting = setting
        self._fetches = fetches
        self._libraries = closure(pin, pins, "library")
        self._wheels = closure(pin, pins, "wheel")
        self.values = values_of(
            pin, pins, setting.target, setting.flags, setting.compilers, setting.python
        )
        self._build = _expanded(pin.recipe.build, self.values, pin.name)
        self._needs_python = pin.recipe.kind == "wheel" or bool(pin.recipe.build.requires)

    def environment_fetch(self) -> list[Step]:
        """The step that fetches the build requirements, where there are any."""
        wheels = self._wheel_set()
        if wheels is None:
            return []
        return [
            FetchStep(
                id=f"fetch:{self._pin.name}-requires",
                name=self._pin.name,
                version=self._pin.version,
                what=wheels,
            )
        ]

    def step(self) -> BuildStep:
        """The build step; raises InputError where a compiler it needs is missing."""
        pin, build = self._pin, self._build
        driver = DRIVERS[build.backend]
        commands = tuple(
            msgspec.structs.replace(command, offline=not build.network)
            for command in driver.commands(build)
        )
        env = self._env()
        tools = {name: str(programs.locate(name)) for name in (*driver.programs, *build.tools)}
        needs = [*self._fetches, *self.environment_fetch()]
        needed = [result_step(other) for other in (*self._libraries, *self._wheels)]
        needed += [last_step(other) for other in (*self._libraries, *self._wheels)]
        return BuildStep(
            id=f"build:{pin.name}",
            name=pin.name,
            version=pin.version,
            needs=tuple(dict.fromkeys([*(step.id for step in needs), *needed])),
            inputs=self._inputs(commands, env, tools),
            result=pin.recipe.kind,
            unpack=tuple(
                Unpack(source=source, strip=getattr(source.source, "strip", 1))
                for source in pin.sources
            ),
            patches=pin.patches,
            commands=commands,
            env=env,
            programs=tools,
            libraries={other.name: result_step(other) for other in self._libraries},
            install=pin.recipe.install,
            resources=pin.recipe.resources,
            environment=self._environment(),
            timeout_minutes=build.timeout_minutes,
        )

    def _wheel_set(self) -> WheelSet | None:
        python = self._setting.python
        if not self._build.requires:
            return None
        return WheelSet(
            requires=self._build.requires,
            python=python.version,
            tag=python.tag,
            platform=python.platform,
        )

    def _environment(self) -> Environment | None:
        if not self._needs_python:
            return None
        return Environment(
            python=self._setting.python.path,
            wheels=self._wheel_set(),
            install=tuple(result_step(other) for other in self._wheels),
        )

    def _env(self) -> dict[str, str]:
        exported: dict[str, str] = {}
        for other in self._libraries:
            for name, value in other.recipe.exports.env.items():
                text = expand(value, {**self.values, "version": other.version}, other.name)
                exported[name] = text.replace("@{prefix}", f"@{{dep.{other.name}}}")
        return build_env(
            self._build,
            self._setting.compilers,
            self._setting.flags,
            self._setting.target.ldflags,
            self._libraries,
            exported,
            with_python=self._needs_python,
        )

    def _inputs(
        self, commands: Sequence[Command], env: Mapping[str, str], tools: Mapping[str, str]
    ) -> dict[str, str]:
        pin, compilers = self._pin, self._setting.compilers
        inputs = {f"build.{key}": value for key, value in _leaves(msgspec.to_builtins(self._build))}
        inputs |= {f"install.{k}": v for k, v in _leaves(msgspec.to_builtins(pin.recipe.install))}
        inputs |= {f"env.{name}": value for name, value in key_env(env).items()}
        inputs |= {f"tool.{name}": programs.version(name) for name in tools}
        inputs |= {
            f"patch.{item.sha256[:12]}": item.file.rpartition("/")[2] for item in pin.patches
        }
        for source in pin.sources:
            if isinstance(source.source, PathSource):
                inputs[f"source.{source.recipe}"] = source.identity
            inputs[f"source.{source.recipe}.at"] = source.at
        for language in self._build.languages:
            role = _COMPILER_ROLES[language]
            if role not in compilers.digests:
                raise InputError(
                    f"{pin.name} needs a {language} compiler, and none is installed",
                    where=f"toolchain {compilers.toolchain}: {role}",
                    remedy="apt-get install gfortran, or dnf install gcc-gfortran"
                    if role == "fc"
                    else "install it and put it on PATH",
                )
            inputs[f"compiler.{role}"] = (
                f"{compilers.family} {compilers.version} {compilers.digests[role][:16]}"
            )
        inputs["libc"] = compilers.libc
        if self._needs_python:
            inputs["python"] = f"{self._setting.python.version} {self._setting.python.soabi}"
        inputs["commands"] = digest.of_value(msgspec.to_builtins(tuple(commands)))
        return inputs


def _expanded(build: Build, values: Mapping[str, str], name: str) -> Build:
    def fill(value: Any, at: str) -> Any:
        if isinstance(value, str):
            return expand(value, values, at)
        if isinstance(value, dict):
            return {key: fill(item, f"{at}.{key}") for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [fill(item, at) for item in value]
        return value

    return msgspec.convert(fill(msgspec.to_builtins(build), f"{name}: build"), Build)


def _leaves(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{at}.{key}" if at else key)
    elif isinstance(value, list) and value:
        yield at, " ".join(str(item) for item in value)
    elif value not in (None, [], ""):
        yield at, str(value)


def _repair(pin: Pin, pins: Mapping[str, Pin]) -> RepairStep:
    libraries = closure(pin, pins, "library")
    excluded = [f"--exclude={name}" for name in pin.recipe.repair.exclude]
    folders = [
        f"@{{dep.{other.name}}}/{folder}"
        for other in libraries
        for folder in other.recipe.exports.libraries
    ]
    argv = (
        "auditwheel",
        "repair",
        "--plat",
        "auto",
        *excluded,
        "--wheel-dir",
        "@{out}",
        "@{wheel}",
    )
    tools = {name: str(programs.locate(name)) for name in _REPAIR_PROGRAMS}
    inputs = {f"tool.{name}": programs.version(name) for name in tools}
    inputs["repair.exclude"] = " ".join(pin.recipe.repair.exclude)
    return RepairStep(
        id=f"repair:{pin.name}",
        name=pin.name,
        version=pin.version,
        needs=(f"build:{pin.name}", *(result_step(other) for other in libraries)),
        inputs=inputs,
        wheel=f"build:{pin.name}",
        commands=(Command(label="repair", argv=argv, cwd="@{out}"),),
        env={
            "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH,
            **({"LD_LIBRARY_PATH": ":".join(folders)} if folders else {}),
        },
        programs=tools,
        libraries={other.name: result_step(other) for other in libraries},
    )


def _check(
    pin: Pin, pins: Mapping[str, Pin], python: Interpreter, values: Mapping[str, str]
) -> CheckStep | None:
    if not pin.recipe.checks:
        return None
    wheels = [pin, *closure(pin, pins, "wheel")] if pin.recipe.kind == "wheel" else []
    needs = dict.fromkeys([result_step(pin), *(result_step(other) for other in wheels)])
    checks = msgspec.to_builtins(pin.recipe.checks)
    filled = [_filled_check(check, values, pin.name) for check in checks]
    inputs = {f"check.{number}": digest.of_value(check) for number, check in enumerate(filled)}
    if wheels:
        inputs["python"] = f"{python.version} {python.soabi}"
    return CheckStep(
        id=f"check:{pin.name}",
        name=pin.name,
        version=pin.version,
        needs=tuple(needs),
        inputs=inputs,
        of=result_step(pin),
        install=tuple(result_step(other) for other in wheels),
        python=python,
        checks=msgspec.convert(filled, tuple[Check, ...]),
    )


def _filled_check(check: Any, values: Mapping[str, str], name: str) -> Any:
    """Values are filled in everywhere but in code, where braces belong to Python."""
    return {
        key: value
        if key == "code"
        else expand(value, values, f"{name}: checks.{key}")
        if isinstance(value, str)
        else [expand(item, values, f"{name}: checks.{key}") for item in value]
        if isinstance(value, list | tuple)
        else value
        for key, value in check.items()
    }

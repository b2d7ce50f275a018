"""The build step of one pin, and the step that fetches its build requirements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from wheelforge import digest, programs
from wheelforge.backends import DRIVERS
from wheelforge.errors import InputError
from wheelforge.graph import BuildStep, Command, Environment, FetchStep, Unpack
from wheelforge.pin import Pin
from wheelforge.plan import cross, inputs
from wheelforge.plan.environment import build_env
from wheelforge.plan.filling import filled
from wheelforge.plan.offers import Below
from wheelforge.plan.requirements import fetch_step, wheel_set
from wheelforge.plan.setting import Setting, Where
from wheelforge.recipe import Build, Key
from wheelforge.recipe.conditions import matches
from wheelforge.template import expand

_FILLED = ("directory", "targets", "options", "env", "requires", "commands")


class Builder:
    """Puts one build step together; `values` are those the pin's recipe may refer to."""

    def __init__(
        self, pin: Pin, values: Mapping[str, str], below: Below, setting: Setting, where: Where
    ) -> None:
        if pin.recipe.build is None:
            raise InputError(
                "the recipe has no [build] table",
                where=where(pin.name),
                remedy="write how it is built",
            )
        self._pin = pin
        self._values = values
        self._setting = setting
        self._where = where
        self._below = below
        self._recipe = pin.recipe.build
        self._build = self._filled(values)
        self._wheel_set = wheel_set(pin, self._build.requires, "build", setting, where)
        self._needs_python = pin.recipe.kind == "wheel" or self._wheel_set is not None

    def fetch(self) -> FetchStep | None:
        """The step that fetches the build requirements, where there are any."""
        if self._wheel_set is None:
            return None
        return fetch_step(self._pin, self._wheel_set, "requires")

    def step(self, fetches: Sequence[FetchStep]) -> BuildStep:
        """The build step; raises InputError where a compiler or program it needs is missing."""
        pin, build = self._pin, self._build
        names = (*DRIVERS[build.backend].programs, *build.tools)
        tools = {name: str(programs.locate(name)) for name in names}
        libraries, wheels = self._below.libraries.values(), self._below.wheels.values()
        commands = _commands(build)
        variables = build_env(build, self._setting, libraries, with_python=self._needs_python)
        files = cross.files(self._setting, libraries, with_python=self._needs_python)
        sysroot = self._setting.compilers.sysroot
        needs = [step.id for step in fetches]
        needs += [offer.result for offer in (*libraries, *wheels)]
        needs += [offer.last for offer in self._below.direct]  # the others': before these
        return BuildStep(
            id=f"build:{pin.name}",
            name=pin.name,
            version=pin.version,
            needs=tuple(dict.fromkeys(needs)),
            inputs={**self._inputs(commands, variables.key, tools), **_digests(files)},
            result=pin.recipe.kind,
            unpack=tuple(
                Unpack(
                    source=source, strip=1 if source.series else getattr(source.source, "strip", 1)
                )
                for source in pin.sources
            ),
            patches=pin.patches,
            commands=commands,
            env=variables.all,
            programs=tools,
            libraries={offer.name: offer.result for offer in libraries},
            install=pin.recipe.install,
            resources=pin.recipe.resources,
            environment=self._environment(),
            timeout_minutes=build.timeout_minutes,
            files=files,
            sysroot=sysroot.path if sysroot else "",
            compiler_options=self._setting.path_maps if build.path_map == "gate" else (),
        )

    def _environment(self) -> Environment | None:
        if not self._needs_python:
            return None
        return Environment(
            python=self._setting.python.path,
            wheels=self._wheel_set,
            install=tuple(offer.result for offer in self._below.wheels.values()),
        )

    def _filled(self, values: Mapping[str, str]) -> Build:
        paths = self._below.paths

        def fill(text: str, key: Key) -> str:
            return expand(text, values, lambda: self._where(self._pin.name, *key), paths)

        return filled(self._recipe, fill, ("build",), _FILLED)

    def _inputs(
        self,
        commands: Sequence[Command],
        variables: dict[str, str],
        tools: Mapping[str, str],
    ) -> dict[str, str]:
        build = self._build
        if b"{toolchain." in msgspec.json.encode(self._recipe):  # a path, perhaps
            build = self._filled({**self._values, **self._setting.nameless})
            commands = _commands(build)
            own = {f"env.{name}": value for name, value in build.env.items()}
            variables = {**variables, **{k: v for k, v in own.items() if k in variables}}
        self._suited()
        return {
            **inputs.of_build(self._pin, build, commands, variables, tools),
            **inputs.of_setting(self._setting, build.languages, with_python=self._needs_python),
        }

    def _suited(self) -> None:
        """Refuse compilers that are missing or that the recipe says cannot compile it."""
        name, found = self._pin.name, self._setting.compilers
        for language in self._build.languages:
            if (role := inputs.ROLES[language]) not in found.digests:
                raise InputError(
                    f"{name} needs a {language} compiler, and none is installed",
                    where=f"toolchain {found.toolchain}: {role}",
                    remedy="apt-get install gfortran, or dnf install gcc-gfortran"
                    if role == "fc"
                    else "install it and put it on PATH",
                )
        wanted = self._pin.recipe.compilers.get(found.family, "*")
        if not matches(found.version, wanted):
            raise InputError(
                f"{name} needs {found.family} {wanted}, and {found.version} is installed",
                where=self._where(name, "compilers", found.family),
                remedy="install another version, or choose another compiler with --toolchain",
            )


def _commands(build: Build) -> tuple[Command, ...]:
    commands = DRIVERS[build.backend].commands(build)
    if not build.network:
        return commands
    return tuple(msgspec.structs.replace(command, offline=False) for command in commands)


def _digests(files: Mapping[str, str]) -> dict[str, str]:
    return {f"file.{name}": digest.of_bytes(text.encode()) for name, text in files.items()}

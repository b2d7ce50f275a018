"""The build step: sources become a library prefix or a wheel.

The work folder is entered again after a failure or a kill: sources appear in it by one rename,
commands that ended well are not repeated, and the build tool itself knows what it has done.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path

from wheelforge import atomic, digest, packing
from wheelforge.archive import unpack
from wheelforge.backends.preparation import environment_commands
from wheelforge.errors import BuildError, InputError
from wheelforge.evidence import encode, gather
from wheelforge.graph import BuildStep, Command, Environment
from wheelforge.job import Job, Stamps, fresh, link_programs, patch, take
from wheelforge.store import Entry
from wheelforge.template import render

# what a compiler, a linker, CMake or pkg-config would look for in several prefixes
_SHARED = re.compile(
    r"^(?:include|lib|lib64)/|\.(?:h|hh|hpp|hxx|inc|a|la|pc|cmake)$|\.so(?:\.[\w.]+)?$"
)


async def build(job: Job, step: BuildStep) -> Entry:
    """Run a build step, or find that another process did; the published entry."""
    _no_clash(job, step)
    async with job.alone() as made:
        if made is not None:
            return made
        started = time.monotonic()
        paths = _lay_out(job, step)
        if not (job.work / "src").is_dir():
            await job.verified([item.source for item in step.unpack])
            await job.blocking(lambda: _sources(job, step))
            await patch(job, step, paths)
        if step.environment is not None:
            await _environment(job, step.environment, paths, step.env)
        await _commands(job, step, paths)
        gated = job.workshop.gates is not None
        proof = await job.blocking(lambda: encode(gather(job.work, paths, gated=gated)))
        tree, product = await job.blocking(lambda: _result(job, step, paths))
        seconds = time.monotonic() - started
        return await job.publish(tree, product=product, seconds=seconds, proof=proof)


def _no_clash(job: Job, step: BuildStep) -> None:
    """Refuse two libraries with the same header or library: which one is found would be chance."""
    owners: dict[str, str] = {}
    for name, other in step.libraries.items():
        for file in job.results[other].manifest.files:
            if _SHARED.search(file.path) and (owner := owners.setdefault(file.path, name)) != name:
                raise InputError(
                    f"{owner} and {name} both bring {file.path}",
                    where=step.id,
                    remedy=f"leave it out of [install] of one of them, or take {owner} or {name} "
                    "out of the recipe's depends",
                )


def _lay_out(job: Job, step: BuildStep) -> dict[str, str]:
    """The folders of the work tree and what `@{…}` stands for."""
    for name in ("home", "tmp"):
        (job.work / name).mkdir(parents=True, exist_ok=True)
    for name in ("stage", "wheels"):
        fresh(job.work / name)
    link_programs(job.work / "bin", step.programs)
    prefix = job.workshop.store.place(job.key, step.name, step.version)
    names = ("src", "build", "stage", "wheels", "env", "bin")
    paths = {
        "work": str(job.work),
        "prefix": str(prefix),
        "sysroot": step.sysroot,
        **{name: str(job.work / name) for name in names},
        **library_paths(job, step.libraries),
    }
    for name, text in step.files.items():
        atomic.write_if_changed(job.work / name, render(text, paths.__getitem__).encode())
    return paths


def library_paths(job: Job, libraries: Mapping[str, str]) -> dict[str, str]:
    """What `@{dep.NAME}` stands for: the store's folders of the libraries."""
    return {f"dep.{name}": str(job.results[step].path) for name, step in libraries.items()}


def _sources(job: Job, step: BuildStep) -> None:
    part = fresh(job.work / "src.part")
    for item in step.unpack:
        target = part / item.source.at
        if item.source.at:
            if ".." in Path(item.source.at).parts or Path(item.source.at).is_absolute():
                raise InputError("leads outside the source tree", where=f"nested {item.source.at}")
            atomic.remove_tree(target)
        for file in job.workshop.sources.files(item.source):
            if file.is_dir():
                atomic.copy_tree(file, target, digest.IGNORED)
                found = f"tree:{digest.of_tree(target)}"
            else:
                found = f"tree:{digest.of_file(file)}"
                unpack(file, target, strip=item.strip)
            if item.source.identity.startswith("tree:") and item.source.identity != found:
                raise InputError(
                    "it changed since the build was planned",
                    where=str(file),
                    remedy="type the same command again, and leave the source alone meanwhile",
                )


async def _environment(
    job: Job, environment: Environment, paths: Mapping[str, str], env: Mapping[str, str]
) -> None:
    """A virtual environment with the build requirements and the wheels of dependencies."""
    files: list[Path] = []
    if environment.wheels is not None:
        await job.verified([environment.wheels])
        files += job.workshop.sources.files(environment.wheels)
    files += [job.results[name].product for name in environment.install]
    sign = Command(label="environment", argv=(environment.python, *map(str, files)))
    stamps = Stamps(job.work / "done")
    if stamps.done(sign) and (job.work / "env").is_dir():
        return
    for command in environment_commands(environment.python, [str(file) for file in files]):
        await job.run(command, paths, env)
    stamps.set(sign)


async def _commands(job: Job, step: BuildStep, paths: Mapping[str, str]) -> None:
    stamps = Stamps(job.work / "done")
    async with job.gated(step.resources) as gated:
        env = step.gated_env if gated is not None else step.ungated_env
        for number, command in enumerate(step.commands, 1):
            last = number == len(step.commands)  # what it leaves in stage or wheels was cleared
            if not last and stamps.done(command):
                continue
            await job.run(command, paths, env, step.timeout_minutes, gated)
            if not last:
                stamps.set(command)


def _result(job: Job, step: BuildStep, paths: Mapping[str, str]) -> tuple[Path, str]:
    """The tree to publish and, for a wheel, its file name."""
    if step.result == "wheel":
        wheels = sorted(Path(paths["wheels"]).glob("*.whl"))
        if len(wheels) != 1:
            raise BuildError(
                f"it left {len(wheels)} wheels instead of one",
                where=step.id,
                remedy=f"look at its log: {job.log}",
            )
        for other in Path(paths["wheels"]).iterdir():
            if other != wheels[0]:  # uv leaves a .gitignore
                atomic.remove_tree(other) if other.is_dir() else other.unlink()
        packing.pack(wheels[0], {})  # so that an unchanged result spares its dependents
        return Path(paths["wheels"]), wheels[0].name
    staged = Path(paths["stage"] + paths["prefix"])
    staged.mkdir(parents=True, exist_ok=True)
    taken = take(Path(paths["src"]), step.install.keep, staged, flat=False)
    for pattern, folder in step.install.move.items():
        taken += take(Path(paths["src"]), (pattern,), staged / folder, flat=True)
    if not taken and not any(staged.iterdir()):
        raise BuildError(
            "nothing was installed",
            where=step.id,
            remedy="say in [install] what of the source tree makes up the library",
        )
    return staged, ""

"""A plan as a shell script that does what the build would: the door out of wheelforge.

It needs bash, coreutils, tar, curl or git for what is fetched, and the programs the plan names. It
has no store: it builds everything, and goes on with nothing after a failure.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping

from wheelforge.backends.preparation import environment_commands, patch_command
from wheelforge.graph import (
    BuildStep,
    CheckStep,
    FetchStep,
    Plan,
    RepairStep,
    WheelSet,
    product,
)
from wheelforge.pin import SERIES, PinnedSource
from wheelforge.recipe import (
    ArchiveSource,
    Check,
    CMakeCheck,
    CommandsCheck,
    DebianSource,
    ElfCheck,
    FileCheck,
    GitSource,
    Install,
    PathSource,
    PypiSource,
    PythonCheck,
)
from wheelforge.sandbox import offline_prefix
from wheelforge.shell.words import glob, prefix, run, wheel, word

_HEAD = """#!/usr/bin/env bash
# What wheelforge would run to build {what}
# for {target} ({archspec}) with {toolchain}, Python {python}. Everything happens below $root.
set -euo pipefail
shopt -s globstar nullglob dotglob
root=${{ROOT:-$PWD/wheelforge-shell}}
granted=${{JOBS:-$(nproc)}}
jobs=$granted
case $root in /*) ;; *) root=$PWD/$root ;; esac
sources=$root/sources
mkdir -p "$sources" "$root/wheelhouse"
offline() {{ {offline}"$@"; }}

archive() {{ # archive FILE SHA256 ADDRESS…: the first address that serves the right bytes
  local file=$1 sha256=$2; shift 2
  [ -f "$file" ] || for address; do curl -fL --retry 3 -o "$file" "$address" && break; done
  echo "$sha256  $file" | sha256sum -c -
}}

project() {{ local name=${{1##*/}}; name=${{name%%-*}}; echo "${{name,,}}"; }} # of a wheel's file

aligned() {{ # aligned FILE BYTES: every LOAD segment of an ELF file, at least
  local text
  for text in $(readelf -lW "$1" | sed -n 's/^ *LOAD .* //p'); do ((text >= $2)) || return; done
}}

copy() {{ # copy FROM PATTERN TO: what matches below FROM goes to the same place below TO
  local found=0 path
  cd "$1"
  for path in $2; do mkdir -p "$3/$(dirname "$path")"; cp -a "$path" "$3/$path"; found=1; done
  cd "$root"
  [ $found = 1 ] || {{ echo "nothing matches $2 in $1" >&2; return 1; }}
}}
"""


_BARE = {"HOME": "@{work}", "PATH": "/usr/bin:/bin"}


def script(plan: Plan) -> str:
    """The whole plan as bash, cached steps included; ROOT and JOBS are taken from the caller."""
    offline = " ".join(shlex.quote(word) for word in offline_prefix())
    lines = [
        _HEAD.format(
            what=", ".join(plan.requested),
            target=plan.target,
            archspec=plan.archspec,
            toolchain=plan.toolchain,
            python=plan.python.version,
            offline=f"{offline} " if offline else "",
        )
    ]
    for step in plan.steps:
        lines.append(f"# ---- {step.id} {step.version}")
        lines.append(f"echo '==> {step.id} {step.version}'")
        match step:
            case FetchStep():
                lines += _fetch(step)
            case BuildStep():
                lines += _build(step)
            case RepairStep():
                lines += _repair(step)
            case CheckStep():
                lines += _check(step)
        lines.append("")
    lines += _finish(plan)
    return "\n".join(lines) + "\n"


def _fetch(step: FetchStep) -> Iterator[str]:
    what = step.what
    if isinstance(what, WheelSet):
        words = " ".join(shlex.quote(item) for item in what.requires)
        yield (
            f"python{'.'.join(what.python.split('.')[:2])} -m pip download "
            f'--only-binary :all: --dest "$sources/{_wheels_name(step.id)}" {words}'
        )
        return
    place = f'"$sources/{_source_name(what)}"'
    sha256 = what.identity.removeprefix("sha256:")
    match what.source:
        case ArchiveSource() as source:
            addresses = " ".join(shlex.quote(item) for item in (source.url, *source.mirrors))
            yield f"archive {place} {sha256} {addresses}"
        case PypiSource() as source:
            project = shlex.quote(f"{source.project or what.recipe}=={what.version}")
            folder = f'"$sources/{what.recipe}-sdist"'
            yield f"python3 -m pip download --no-deps --no-binary :all: -d {folder} {project}"
            yield f"cp {folder}/* {place}"
            yield f"echo {sha256}\\ \\ {place} | sha256sum -c -"
        case DebianSource() as source:
            yield from _debian(what, source, place)
        case GitSource() as source:
            yield f"git clone {shlex.quote(source.url)} {place}"
            commit = what.identity.removeprefix("git:") or source.tag
            yield f"git -C {place} checkout --detach {shlex.quote(commit)}"
            if source.submodules:
                yield f"git -C {place} submodule update --init --recursive"
        case PathSource():
            return


def _debian(what: PinnedSource, source: DebianSource, place: str) -> Iterator[str]:
    release = f"{source.package}={source.release.get(what.version, what.version)}"
    part, kind = ("diff", "debian") if what.series else ("tar", "orig")
    yield f"# a deb-src line for {source.suite} has to be among apt's sources"
    yield f"mkdir -p {place}.d && cd {place}.d"
    yield f"apt-get source --{part}-only --download-only {shlex.quote(release)}"
    yield f'cp ./*.{kind}.tar.* {place} && cd "$root"'
    yield f"echo {what.identity.removeprefix('sha256:')}\\ \\ {place} | sha256sum -c -"


def _wheels_name(fetch: str) -> str:
    return fetch.removeprefix("fetch:").replace("@", "-")


def _source_name(source: PinnedSource) -> str:
    return f"{source.recipe}-{source.version}{'-debian' if source.series else ''}"


def _build(step: BuildStep) -> Iterator[str]:
    yield from _folders(step.name, step.sysroot)
    yield f"prefix=$root/prefix/{step.name}-{step.version}; {prefix(step.name)}=$prefix"
    yield 'rm -rf "$src" "$stage" "$wheels" "$env"; mkdir -p "$src" "$stage" "$wheels" "$work/tmp"'
    for item in step.unpack:
        yield from _unpack(item.source, item.strip)
    yield from _patches(step)
    yield from _programs(step.programs)
    yield from _files(step.files)
    yield from _environment(step)
    if most := step.resources.max_jobs:
        yield f"jobs=$((granted < {most} ? granted : {most}))"
    for command in step.commands:
        yield run(command, step.env)
    if most:
        yield "jobs=$granted"
    if step.result == "wheel":
        yield f'set -- "$wheels"/*.whl; {wheel(step.id)}=$1'
    else:
        yield from _install(step.install)


def _environment(step: BuildStep) -> Iterator[str]:
    if step.environment is None:
        return
    wheels = [product(name) for name in step.environment.install]
    if step.environment.wheels is not None:
        wheels.append("@{requires}")
        yield f"requires=$sources/{step.name}-requires"
    emulator = {name: text for name, text in step.env.items() if name.startswith("QEMU_")}
    for command in environment_commands(step.environment.python, wheels):
        yield run(command, {**_BARE, **emulator})


def _install(install: Install) -> Iterator[str]:
    yield '[ ! -d "$stage$prefix" ] || { mkdir -p "$prefix"; cp -a "$stage$prefix/." "$prefix/"; }'
    for pattern in install.keep:
        yield f'copy "$src" {shlex.quote(pattern)} "$prefix"'
    for pattern, folder in install.move.items():
        target = f'"$prefix"/{shlex.quote(folder)}'
        yield f'mkdir -p {target} && (cd "$src" && cp -a {glob(pattern)} {target}/)'


def _files(files: Mapping[str, str]) -> Iterator[str]:
    for name, text in files.items():
        yield f'printf %s {word(text)} > "$work/{name}"'


def _folders(name: str, sysroot: str = "") -> Iterator[str]:
    parts = ("src", "build", "stage", "wheels", "env", "bin", "out")
    yield f"work=$root/steps/{name}; " + "; ".join(f"{part}=$work/{part}" for part in parts)
    yield 'mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"'
    if sysroot:
        yield f"sysroot={shlex.quote(sysroot)}"


def _unpack(source: PinnedSource, strip: int) -> Iterator[str]:
    target = f'"$src/{source.at}"' if source.at else '"$src"'
    if source.at:
        yield f"rm -rf {target}; mkdir -p {target}"
    place = f'"$sources/{_source_name(source)}"'
    if isinstance(source.source, PathSource):
        place = shlex.quote(source.source.path)
    yield (
        f"if [ -d {place} ]; then cp -a {place}/. {target}/; "
        f"else tar -xf {place} -C {target} --strip-components={strip}; fi"
    )


def _patches(step: BuildStep) -> Iterator[str]:
    for item in step.unpack:
        if item.source.series:
            yield _series(item.source)
    for number, patch in enumerate(step.patches, 1):
        yield run(patch_command(f"patch-{number}", patch.file, patch.strip, "@{src}"), {})


def _series(source: PinnedSource) -> str:
    """The patches a source package brings; which these are is known when it is unpacked."""
    tree = f'"$src/{source.at.removesuffix(SERIES)}"'
    left = "|".join(shlex.quote(name) for name in (*source.without, ""))
    patch = patch_command("", f"{SERIES}/patches/$name", 1, "").argv
    words = " ".join(f'"{text}"' if "$name" in text else shlex.quote(text) for text in patch)
    return (
        f"(cd {tree} && sed 's/#.*//' {SERIES}/patches/series | while read -r name strip _; do "
        f'case $name in {left}) ;; *) {words} "${{strip:--p1}}" ;; esac; done)'
    )


def _repair(step: RepairStep) -> Iterator[str]:
    yield from _folders(f"{step.name}-repair", step.sysroot)
    yield 'rm -rf "$out"; mkdir -p "$out"'
    yield f"wheel=${wheel(step.wheel)}"
    yield from _programs(step.programs)
    yield from _files(step.files)
    yield 'case $wheel in *-any.whl) cp "$wheel" "$out/" ;; *)'
    own = {"PATH": "@{bin}:/usr/bin:/bin", "HOME": "@{work}", "TMPDIR": "@{work}/tmp"}
    for command in step.commands:
        yield "  " + run(command, {**own, **step.env})
    yield ";; esac"
    yield f'set -- "$out"/*.whl; {wheel(step.id)}=$1; cp "$1" "$root/wheelhouse/"'


def _check(step: CheckStep) -> Iterator[str]:
    yield from _folders(f"{step.name}-check")
    folder = f"${prefix(step.name)}"
    python = [item for item in step.checks if isinstance(item, PythonCheck)]
    if step.install and any(isinstance(item, FileCheck | ElfCheck) for item in step.checks):
        folder = "$work/wheel"
        yield f'rm -rf "{folder}"; python3 -m zipfile -e "${wheel(step.of)}" "{folder}"'
    for item in step.checks:
        yield from _file_check(item, folder)
    if python:
        wheels = [product(name) for name in step.install]
        if step.wheels is not None:
            yield _not_built(f"$sources/{step.name}-trial", step.install)
            wheels.append("@{trial}")
        for command in environment_commands(step.python.path, wheels):
            yield run(command, {**_BARE, **step.python.env})
        emulator = "".join(f"{shlex.quote(f'{k}={v}')} " for k, v in step.python.env.items())
        start = f'cd "$work" && env {emulator}"$env/bin/python"'
        for item in python:
            yield f"({start} -I -c {shlex.quote(item.code)})"


def _not_built(folder: str, built: Iterable[str]) -> str:
    """Fill the array `trial` with a folder's wheels but those of projects that were built."""
    own = " ".join(f'"${wheel(name)}"' for name in built)
    return (
        f'trial=(); for file in "{folder}"/*.whl; do found=; for own in {own}; do '
        '[ "$(project "$file")" != "$(project "$own")" ] || found=1; done; '
        '[ -n "$found" ] || trial+=("$file"); done'
    )


def _file_check(item: Check, folder: str) -> Iterator[str]:
    match item:
        case FileCheck():
            yield f'set -- "{folder}"/{glob(item.path)}; [ $# = {item.count} ]'
        case ElfCheck():
            yield from _elf_check(item, folder)
        case CommandsCheck():
            yield "# not checked here: what every compiler was told"
        case CMakeCheck():
            yield "# not checked here: " + " ".join(["CMakeCache.txt has", *item.cache])
        case PythonCheck():
            return


def _elf_check(item: ElfCheck, folder: str) -> Iterator[str]:
    yield f'for file in "{folder}"/{glob(item.path)}; do'
    for text in item.contains:
        yield f'  grep -aqF -e {shlex.quote(text)} "$file"'
    for text in item.needed:
        yield f'  readelf -d "$file" | grep -qF -e {shlex.quote(text)}'
    if item.min_alignment:
        yield f'  aligned "$file" {item.min_alignment}'
    yield '  readelf -h "$file" > /dev/null\ndone'


def _finish(plan: Plan) -> Iterator[str]:
    yield "# ---- the lock"
    yield '{ cd "$root/wheelhouse"'
    for step in plan.steps:
        if isinstance(step, RepairStep):
            yield (
                f'  echo "{step.distribution or step.name}=={step.version} --hash=sha256:'
                f'$(sha256sum "${wheel(step.id)}" | cut -d" " -f1)"'
            )
    yield '} > "$root/wheelhouse/requirements.lock"'
    yield 'echo "done: $root/wheelhouse"'


def _programs(programs: Mapping[str, str]) -> Iterator[str]:
    for name, path in programs.items():
        yield f'ln -sf {shlex.quote(path)} "$bin/{name}"'

"""Finds a toolchain's compilers and says exactly which they are."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from wheelforge import process
from wheelforge.errors import InputError
from wheelforge.probe.matching import first_group
from wheelforge.probe.memory import remember, remembered
from wheelforge.recipe.conditions import ordered
from wheelforge.toolchain import Compilers, Toolchain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wheelforge.digest import Memo
    from wheelforge.target import Target

_REQUIRED = ("cc", "cxx")


def compilers(toolchain: Toolchain, memo: Memo) -> Compilers:
    """Find a toolchain's programs; InputError names what is missing or too old, and the remedy."""
    paths = {
        role: path
        for role, names in toolchain.programs.items()
        if (path := _first(names)) is not None
    }
    for role in _REQUIRED:
        if role not in paths:
            missing = " or ".join(toolchain.programs.get(role, (role,)))
            raise InputError(
                f"the compiler {missing} is not installed",
                where=f"toolchain {toolchain.name}: {role}",
                remedy=_install(toolchain, role),
            )
    version, machine = _identity(toolchain, paths["cc"], memo)
    if toolchain.machine not in {"native", machine}:
        raise InputError(
            f"{paths['cc']} compiles for {machine}, and the toolchain is for {toolchain.machine}",
            where=f"toolchain {toolchain.name}: machine",
            remedy="correct programs.cc in the toolchain's file, or its machine",
        )
    if ordered(version) < ordered(toolchain.minimum):
        raise InputError(
            f"{paths['cc']} is version {version}, and {toolchain.minimum} is the oldest that works",
            where=f"toolchain {toolchain.name}",
            remedy="install a newer one, or choose another with --toolchain",
        )
    return Compilers(
        toolchain=toolchain.name,
        family=toolchain.family,
        version=version,
        machine=machine,
        libc=" ".join(platform.libc_ver()).strip() or "unknown",
        paths={role: str(path) for role, path in paths.items()},
        digests={role: memo.of_file(path) for role, path in paths.items()},
        env=toolchain.env,
        arguments={str(role): text for role, text in toolchain.arguments.items()},
        flags=toolchain.flags,
        host=platform.machine(),
    )


def suited(found: Compilers, target: Target, fitting: Sequence[str] = ()) -> None:
    """Refuse compilers that cannot compile for a target; `fitting` are toolchains that may."""
    if found.machine != target.machine:
        ways = [f"--toolchain {name}" for name in fitting if name != found.toolchain]
        raise InputError(
            f"{found.paths['cc']} compiles for {found.machine}, and the target is {target.machine}",
            where=f"--target {target.name} with toolchain {found.toolchain}",
            remedy=f"choose {' or '.join(ways)}; "[: 9999 * bool(ways)]
            + f"build on an {target.machine} machine, or describe a cross compiler in a .toml file "
            "for --toolchain",
        )
    oldest = target.compilers.get(found.family)
    if oldest and ordered(found.version) < ordered(oldest):
        raise InputError(
            f"{found.family} {found.version} does not know {target.name}; {oldest} is the first",
            where=f"--target {target.name}",
            remedy="install a newer compiler, or choose another with --toolchain",
        )


def flags(target: Target, found: Compilers) -> str:
    """The compiler options that mean `target`: its own, else archspec's for this version."""
    if own := target.flags.get(found.family):
        return own
    import archspec.cpu

    processor = archspec.cpu.TARGETS[target.archspec]
    try:
        return str(processor.optimization_flags(found.family, found.version))
    except (
        archspec.cpu.UnsupportedMicroarchitecture,
        archspec.cpu.InvalidCompilerVersion,
    ) as error:
        raise InputError(
            f"{found.family} {found.version} does not know {target.archspec}",
            where=f"--target {target.name}",
            remedy="install a newer compiler, or choose a more general target",
        ) from error


def _first(names: Sequence[str]) -> Path | None:
    for name in names:
        found = shutil.which(name)
        if found:
            return Path(found).absolute()
    return None


def _identity(toolchain: Toolchain, cc: Path, memo: Memo) -> tuple[str, str]:
    argv = [str(cc), *shlex.split(toolchain.arguments.get("cc", ""))]
    name = f"compiler:{shlex.join(argv)}:{toolchain.version_pattern}"
    known = remembered(name, cc, memo)
    if known is None:
        text = process.capture([*argv, "--version"], env={**os.environ, "LC_ALL": "C"})
        where = f"toolchain {toolchain.name}: version_pattern"
        told = first_group(toolchain.version_pattern, text, where)
        try:
            version = str(ordered(told))
        except InputError as error:
            first = text.strip().partition("\n")[0]
            raise InputError(
                f"the version of {cc} cannot be read from '{first}'",
                where=where,
                remedy="write a pattern whose first group is the version",
            ) from error
        machine = process.capture([*argv, "-dumpmachine"]).strip().split("-")[0]
        known = {"version": version, "machine": machine}
        remember(name, cc, known, memo)
    return known["version"], known["machine"]


def _install(toolchain: Toolchain, role: str) -> str:
    commands = [
        f"{tool} install {package}"
        for key, package in toolchain.install.items()
        for tool, _, of in [key.partition(".")]
        if of == role
    ]
    return ", or ".join(commands) or "install it and put it on PATH"

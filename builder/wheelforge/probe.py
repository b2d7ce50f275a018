"""Finds compilers and Pythons on this machine and says exactly which they are.

Answers are remembered under the programs' size and times, so that asking again starts nothing.
"""

from __future__ import annotations

import glob
import json
import os
import platform
import re
import shutil
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wheelforge import process, programs
from wheelforge.errors import ForgeError, InputError
from wheelforge.interpreter import Interpreter
from wheelforge.recipe.conditions import ordered
from wheelforge.toolchain import Compilers, Toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wheelforge.digest import Memo
    from wheelforge.target import Target

_REQUIRED = ("cc", "cxx")
_ASK_PYTHON = """
import json, platform, sys, sysconfig
print(json.dumps({"path": sys.executable, "version": platform.python_version(),
    "tag": "cp%d%d" % sys.version_info[:2], "soabi": sysconfig.get_config_var("SOABI") or "",
    "platform": sysconfig.get_platform().replace("-", "_").replace(".", "_"),
    "implementation": platform.python_implementation()}))
"""


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
        flags=toolchain.flags,
    )


def suited(found: Compilers, target: Target) -> None:
    """Refuse compilers that cannot compile for a target."""
    if found.machine != target.machine:
        raise InputError(
            f"{found.paths['cc']} compiles for {found.machine}, and the target is {target.machine}",
            where=f"--target {target.name} with toolchain {found.toolchain}",
            remedy="choose a cross toolchain with --toolchain, or build on such a machine",
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


def interpreter(wanted: str, memo: Memo) -> Interpreter:
    """The CPython `wanted` ("3.12", a path, or "" for the one wheelforge runs under)."""
    if not wanted:
        return Interpreter(
            path=getattr(sys, "_base_executable", sys.executable),
            version=platform.python_version(),
            tag=f"cp{sys.version_info.major}{sys.version_info.minor}",
            soabi=str(sysconfig.get_config_var("SOABI") or ""),
            platform=sysconfig.get_platform().replace("-", "_").replace(".", "_"),
        )
    for path in _pythons(wanted):
        known = _remembered(f"python:{path}", path, memo)
        if known is None:
            known = _ask(path)
            if known:
                _remember(f"python:{path}", path, known, memo)
        if known.get("implementation") == "CPython":
            return msgspec.convert(known, Interpreter)
    raise InputError(
        "no such CPython that starts is on this machine",
        where=f"--python {wanted}",
        remedy="install it with its headers (apt-get install python3-dev), or give its path",
    )


def _ask(path: Path) -> dict[str, str]:
    """What a Python says of itself; nothing where it does not start (pyenv's shims do not)."""
    try:
        known = json.loads(process.capture([str(path), "-I", "-c", _ASK_PYTHON]))
    except (ForgeError, ValueError):
        return {}
    return {str(key): str(value) for key, value in known.items()}


def _pythons(wanted: str) -> Iterator[Path]:
    """Where `wanted` may be: a path, a name on PATH, a version that pyenv or uv installed."""
    if os.sep in wanted:
        yield from [Path(wanted).absolute()] * Path(wanted).is_file()
        return
    for folder in os.get_exec_path():
        for name in (wanted, f"python{wanted}"):
            if (path := Path(folder, name)).is_file() and os.access(path, os.X_OK):
                yield path.absolute()
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for end in ("", ".*"):  # 3.1 is not the beginning of 3.12
        names = f"versions/{glob.escape(wanted)}{end}/bin/python"
        yield from sorted(pyenv.glob(names), reverse=True)
    argv = [str(programs.locate("uv")), "python", "find", "--no-project", "--no-config",
            "--no-python-downloads", "--managed-python", wanted]  # fmt: skip
    with suppress(ForgeError):
        yield Path(process.capture(argv, env=os.environ).strip())


def _first(names: Sequence[str]) -> Path | None:
    for name in names:
        found = shutil.which(name)
        if found:
            return Path(found).absolute()
    return None


def _identity(toolchain: Toolchain, cc: Path, memo: Memo) -> tuple[str, str]:
    name = f"compiler:{cc}:{toolchain.version_pattern}"
    known = _remembered(name, cc, memo)
    if known is None:
        text = process.capture([str(cc), "--version"], env={**os.environ, "LC_ALL": "C"})
        match = re.search(toolchain.version_pattern, text)
        try:
            version = str(ordered(match[1] if match else ""))
        except InputError as error:
            first = text.strip().partition("\n")[0]
            raise InputError(
                f"the version of {cc} cannot be read from '{first}'",
                where=f"toolchain {toolchain.name}: version_pattern",
                remedy="write a pattern whose first group is the version",
            ) from error
        machine = process.capture([str(cc), "-dumpmachine"]).strip().split("-")[0]
        known = {"version": version, "machine": machine}
        _remember(name, cc, known, memo)
    return known["version"], known["machine"]


def _signature(path: Path) -> list[int]:
    info = path.stat()
    return [info.st_size, info.st_mtime_ns, info.st_ino]


def _remembered(name: str, path: Path, memo: Memo) -> dict[str, str] | None:
    match memo.get(name):
        case [signature, dict(value)] if signature == _signature(path):
            return dict(value)
    return None


def _remember(name: str, path: Path, value: dict[str, str], memo: Memo) -> None:
    memo.put(name, [_signature(path), value])


def _install(toolchain: Toolchain, role: str) -> str:
    commands = [
        f"{tool} install {package}"
        for key, package in toolchain.install.items()
        for tool, _, of in [key.partition(".")]
        if of == role
    ]
    return ", or ".join(commands) or "install it and put it on PATH"

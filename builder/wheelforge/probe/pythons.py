"""Finds the Python that wheels are for."""

from __future__ import annotations

import glob
import json
import os
import platform
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wheelforge import process, programs
from wheelforge.errors import ForgeError, InputError
from wheelforge.interpreter import Interpreter
from wheelforge.probe.memory import remember, remembered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wheelforge.digest import Memo
    from wheelforge.sysroot import Sysroot

_ASK_PYTHON = """
import json, platform, sys, sysconfig
print(json.dumps({"path": sys.executable, "version": platform.python_version(),
    "tag": "cp%d%d" % sys.version_info[:2], "soabi": sysconfig.get_config_var("SOABI") or "",
    "platform": sysconfig.get_platform().replace("-", "_").replace(".", "_"),
    "include": sysconfig.get_path("include"),
    "implementation": platform.python_implementation()}))
"""


def interpreter(wanted: str, memo: Memo) -> Interpreter:
    """The CPython `wanted` ("3.12", a path, or "" for the one wheelforge runs under)."""
    if not wanted:
        return Interpreter(
            path=getattr(sys, "_base_executable", sys.executable),
            version=platform.python_version(),
            tag=f"cp{sys.version_info.major}{sys.version_info.minor}",
            soabi=str(sysconfig.get_config_var("SOABI") or ""),
            platform=sysconfig.get_platform().replace("-", "_").replace(".", "_"),
            include=sysconfig.get_path("include"),
        )
    for path in _pythons(wanted):
        if (found := _found(path, {}, memo)) is not None:
            return found
    raise InputError(
        "no such CPython that starts is on this machine",
        where=f"--python {wanted}",
        remedy="install it with its headers (apt-get install python3-dev), or give its path",
    )


def emulated(wanted: str, sysroot: Sysroot, env: Mapping[str, str], memo: Memo) -> Interpreter:
    """The CPython of a sysroot: `wanted` ("3.13", or "" for its only one), started with `env`.

    Its headers are the sysroot's: what sysconfig says would be this machine's.
    """
    series = sysroot.pythons if not wanted else {wanted: sysroot.pythons.get(wanted, "")}
    if len(series) != 1 or not all(series.values()):
        raise InputError(
            f"the sysroot {sysroot.name} has these: {', '.join(sysroot.pythons) or 'none'}",
            where=f"--python {wanted}" if wanted else "--python",
            remedy="give one of them, or another sysroot (wheelforge sysroot list)",
        )
    path = Path(sysroot.path, *series.values())
    found = _found(path, dict(env), memo)
    if found is None:
        raise InputError(
            "the sysroot's Python does not start here",
            where=str(path),
            remedy="see what is missing: wheelforge doctor, with the same --target and --toolchain",
        )
    include = found.include
    if not Path(include).is_relative_to(sysroot.path):
        include = f"{sysroot.path}{include}"
    return msgspec.structs.replace(found, include=include, env=dict(env))


def _found(path: Path, env: dict[str, str], memo: Memo) -> Interpreter | None:
    known = remembered(f"python and headers:{path}", path, memo)
    if known is None:
        known = _ask(path, env)
        if known:
            remember(f"python and headers:{path}", path, known, memo)
    if known.get("implementation") != "CPython":
        return None
    return msgspec.convert(known, Interpreter)


def _ask(path: Path, env: dict[str, str]) -> dict[str, str]:
    """What a Python says of itself; nothing where it does not start (pyenv's shims do not)."""
    argv = [str(path), "-I", "-c", _ASK_PYTHON]
    try:
        known = json.loads(process.capture(argv, env={**os.environ, **env}))
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

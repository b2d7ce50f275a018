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
    from collections.abc import Iterator

    from wheelforge.digest import Memo

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
        known = remembered(f"python and headers:{path}", path, memo)
        if known is None:
            known = _ask(path)
            if known:
                remember(f"python and headers:{path}", path, known, memo)
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

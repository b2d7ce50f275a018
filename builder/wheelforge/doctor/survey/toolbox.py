"""Looks at compilers, Python's headers and build programs, and tries the C++ compiler."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from wheelforge import process, programs
from wheelforge.doctor.machine import Program
from wheelforge.errors import ForgeError
from wheelforge.toolchain import Compilers, Toolchain

_SECONDS = 20.0
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_INCLUDE = "import sysconfig; print(sysconfig.get_path('include'))"
PLAIN = (
    "#include <string>\nint main(int argc, char **) { return std::string(argc, 'x').empty(); }\n"
)
OPENMP = "#include <omp.h>\nint main() { return omp_get_max_threads() < 1; }\n"


def absent(toolchain: Toolchain | None) -> tuple[str, ...]:
    """The roles of a toolchain's compilers for which no program is installed."""
    roles: Mapping[str, Iterable[str]] = toolchain.programs if toolchain else {}
    return tuple(
        role
        for role in ("cc", "cxx", "fc")
        if not any(shutil.which(name) for name in roles.get(role, ()))
    )


def compiling(found: Compilers, source: str, *options: str) -> str:
    """Compile and link a C++ program; empty, or what the compiler says. It is not run."""
    with tempfile.TemporaryDirectory(prefix="wheelforge-doctor-") as folder:
        file = Path(folder, "try.cpp")
        file.write_text(source)
        words = [found.paths["cxx"], *shlex.split(found.flags), *options, file.name, "-o", "try"]
        try:
            process.capture(
                words, env={**os.environ, **found.env, "LC_ALL": "C"}, cwd=Path(folder),
                timeout=_SECONDS, merge=True,
            )  # fmt: skip
        except process.ProgramError as error:
            return _first_error(error.output)
        except ForgeError as error:
            return error.what
    return ""


def headers(python: str) -> str:
    """The folder of Python.h, as the Python itself says."""
    return process.capture([python, "-I", "-c", _INCLUDE], timeout=_SECONDS).strip()


def program(name: str) -> Program | None:
    """A program and its version; None where there is none."""
    path = programs.find(name)
    if path is None:
        return None
    version = programs.version(name)
    if version == "system" or not path.is_relative_to(sys.prefix):
        version = _asked(path)
    return Program(str(path), version)


def _asked(path: Path) -> str:
    try:
        text = process.capture([str(path), "--version"], timeout=_SECONDS, merge=True)
    except ForgeError:
        return ""
    match = _VERSION.search(text)
    return match[0] if match else ""


def _first_error(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = next((line for line in lines if "error" in line or "cannot find" in line), "")
    return told or (lines[-1] if lines else "it says nothing")

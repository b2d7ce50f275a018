"""What a build sees: the values recipes refer to, and the environment of its commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from wheelforge.interpreter import Interpreter
from wheelforge.pin import Pin
from wheelforge.recipe import Build
from wheelforge.target import Target
from wheelforge.toolchain import Compilers

# 1980-01-02, the first full day zip archives can hold: results do not depend on when they are made.
SOURCE_DATE_EPOCH = "315619200"

_ROLES = {"CC": "cc", "CXX": "cxx", "FC": "fc", "AR": "ar", "RANLIB": "ranlib"}
_BASE = {
    "HOME": "@{work}/home",
    "TMPDIR": "@{work}/tmp",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH,
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PIP_NO_INPUT": "1",
}
# Where programs are differs from machine to machine: what they are is in the key by digest.
_NOT_IN_KEY = frozenset({*_ROLES, *_BASE, "PATH"})


def values_of(
    pin: Pin,
    pins: Mapping[str, Pin],
    target: Target,
    flags: str,
    compilers: Compilers,
    python: Interpreter,
) -> dict[str, str]:
    """The values a recipe may refer to as `{version}`, `{target.acl_arch}`, `{pin.torch}` …"""
    return {
        "name": pin.name,
        "version": pin.version,
        **{f"target.{name}": value for name, value in target.values.items()},
        "target.name": target.name,
        "target.machine": target.machine,
        "target.flags": flags,
        "target.ldflags": target.ldflags,
        "toolchain.name": compilers.toolchain,
        "toolchain.family": compilers.family,
        **{f"toolchain.{role}": path for role, path in compilers.paths.items()},
        "python.version": python.version,
        **{f"pin.{name}": pins[name].version for name in pin.depends},
        **{f"pin.{item.recipe}": item.version for item in pin.sources if item.at},
    }


def build_env(  # noqa: PLR0913
    build: Build,
    compilers: Compilers,
    flags: str,
    ldflags: str,
    libraries: Sequence[Pin],
    exported: Mapping[str, str],
    *,
    with_python: bool,
) -> dict[str, str]:
    """The whole environment of a build's commands; nothing of the caller's own comes through."""
    compile_flags = " ".join(
        part for part in (flags, compilers.flags, "-ffile-prefix-map=@{work}=.") if part
    )
    env = {
        **_BASE,
        **{name: compilers.paths[role] for name, role in _ROLES.items() if role in compilers.paths},
        "PATH": _path(compilers, with_python=with_python),
        "CFLAGS": compile_flags,
        "CXXFLAGS": compile_flags,
        "FFLAGS": compile_flags,
        "LDFLAGS": ldflags,
        "CMAKE_BUILD_PARALLEL_LEVEL": "@{jobs}",
        "CMAKE_PREFIX_PATH": ":".join(f"@{{dep.{other.name}}}" for other in libraries),
        "PKG_CONFIG_PATH": ":".join(
            f"@{{dep.{other.name}}}/{folder}/pkgconfig"
            for other in libraries
            for folder in ("lib", "share")
        ),
        "LD_LIBRARY_PATH": ":".join(
            f"@{{dep.{other.name}}}/{folder}"
            for other in libraries
            for folder in other.recipe.exports.libraries
        ),
        **compilers.env,
        **exported,
        **build.env,
        **dict.fromkeys(build.job_variables, "@{jobs}"),
    }
    return {name: value for name, value in env.items() if value}


def key_env(env: Mapping[str, str]) -> dict[str, str]:
    """What of an environment can change the result."""
    return {
        name: value for name, value in env.items() if name not in _NOT_IN_KEY and value != "@{jobs}"
    }


def _path(compilers: Compilers, *, with_python: bool) -> str:
    own = ["@{env}/bin"] if with_python else []
    folders = [str(Path(path).parent) for path in compilers.paths.values()]
    return ":".join(dict.fromkeys([*own, "@{bin}", *folders, "/usr/bin", "/bin"]))

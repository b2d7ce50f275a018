"""The environment of a build's commands: all of it, and what of it can change the result."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from wheelforge.plan import cross
from wheelforge.plan.offers import Offer
from wheelforge.plan.setting import Setting
from wheelforge.recipe import Build

# What Python's Makefile has among its own flags. setuptools takes CFLAGS and CXXFLAGS in place of
# these and not beside them (setuptools/_distutils/sysconfig.py, customize_compiler, since 75): a
# processor named there would cost the optimization. CMAKE_BUILD_TYPE's come after it, and win.
_OPTIMIZED = "-O3 -DNDEBUG"


class Variables(NamedTuple):
    """A build's variables, and those that its key is made of (as `env.NAME`).

    Not in the key: where programs are, which differs from machine to machine (what they are is
    there by digest), what follows from other variables, and the number of jobs.
    """

    all: dict[str, str]
    key: dict[str, str]


def build_env(
    build: Build, setting: Setting, libraries: Collection[Offer], *, with_python: bool
) -> Variables:
    """The whole environment; nothing of the caller's own comes through."""
    shared = setting.plain_flags if build.path_map == "gate" else setting.compile_flags
    flags = f"{_OPTIMIZED} {shared}".strip() if build.backend == "setuptools" else shared
    if with_python and setting.compilers.sysroot:  # sysconfig's own folder would be this machine's
        flags += f" -I{setting.python_include}"
    link_flags = (setting.target.ldflags, cross.link_flags(setting, libraries))
    assumed = (
        setting.assumed
        | cross.variables(setting)
        | {
            "FFLAGS": shared,
            "CXXFLAGS": flags,
            "PATH": _path(setting, with_python=with_python),
            "PKG_CONFIG_PATH": ":".join([offer.packages for offer in libraries]),
        }
    )
    given = {
        "CFLAGS": flags,
        "LDFLAGS": " ".join(filter(None, link_flags)),
        "CMAKE_PREFIX_PATH": ":".join([offer.prefix for offer in libraries]),
        "LD_LIBRARY_PATH": ":".join([offer.libraries for offer in libraries if offer.libraries]),
        **setting.compilers.env,
    }
    for offer in reversed(list(libraries)):  # the nearest has the last word
        given |= offer.env
    given |= build.env
    jobs = dict.fromkeys(build.job_variables, "@{jobs}")
    together = {**assumed, **given, **jobs}
    for name in [name for name, value in together.items() if not value]:
        del together[name]
    key = {
        f"env.{name}": value
        for name, value in given.items()
        if (value or name in assumed) and name not in jobs
    }
    return Variables(together, key)


def _path(setting: Setting, *, with_python: bool) -> str:
    """The environment's programs before others of that name, but where these would be emulated."""
    if not with_python:
        return setting.search_path
    own = "@{env}/bin"
    if setting.compilers.sysroot is None:
        return f"{own}:{setting.search_path}"
    return setting.search_path.replace("@{bin}:", f"@{{bin}}:{own}:", 1)

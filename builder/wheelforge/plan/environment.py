"""The environment of a build's commands: all of it, and what of it can change the result."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from wheelforge.plan.offers import Offer
from wheelforge.plan.setting import Setting
from wheelforge.recipe import Build

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
    "CMAKE_BUILD_PARALLEL_LEVEL": "@{jobs}",
}


class Variables(NamedTuple):
    """A build's variables, and those that its key is made of.

    Not in the key: where programs are, which differs from machine to machine (what they are is
    there by digest), what follows from other variables, and the number of jobs.
    """

    all: dict[str, str]
    key: dict[str, str]


def build_env(
    build: Build, setting: Setting, libraries: Collection[Offer], *, with_python: bool
) -> Variables:
    """The whole environment; nothing of the caller's own comes through."""
    compilers = setting.compilers
    commands = compilers.commands
    words = (setting.flags, compilers.flags, "-ffile-prefix-map=@{work}=.")
    flags = " ".join(word for word in words if word)
    assumed = {
        **_BASE,
        **{name: commands[role] for name, role in _ROLES.items() if role in commands},
        "PATH": ("@{env}/bin:" if with_python else "") + setting.search_path,
        "CXXFLAGS": flags,
        "FFLAGS": flags,
        "PKG_CONFIG_PATH": ":".join([offer.packages for offer in libraries]),
    }
    given = {
        "CFLAGS": flags,
        "LDFLAGS": setting.target.ldflags,
        "CMAKE_PREFIX_PATH": ":".join([offer.prefix for offer in libraries]),
        "LD_LIBRARY_PATH": ":".join([offer.libraries for offer in libraries if offer.libraries]),
        **compilers.env,
    }
    for offer in reversed(list(libraries)):  # the nearest has the last word
        given |= offer.env
    given |= build.env
    jobs = dict.fromkeys(build.job_variables, "@{jobs}")
    together = assumed | given | jobs
    return Variables(
        {name: value for name, value in together.items() if value},
        {k: value for k, value in given.items() if (value or k in assumed) and k not in jobs},
    )

"""Where a sysroot's packages come from: what this machine's apt is set up for, and how it asks."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from wheelforge import process, programs
from wheelforge.errors import InputError
from wheelforge.fetch import apt_sources
from wheelforge.fetch.apt_sources import Archive
from wheelforge.sysroot import Definition

# of the machine's apt.conf only how archives are reached; the rest is for packages installed here
_REACH = re.compile(
    r"Acquire::(https?(::.*)?|Retries|Check-Valid-Until|Check-Date|ForceIPv[46]) .*;"
)


def of(definition: Definition) -> list[Archive]:
    """The archives that may hold the suite, likeliest first; InputError where there is none."""
    found = apt_sources.of_this_machine(definition.suite)
    where = f"sysroot {definition.name}"
    if found is None:
        raise InputError(
            "apt is not installed, and sysroots are made of a distribution's packages",
            where=where,
            remedy="create it on a Debian machine and copy the folder from its WHEELFORGE_HOME/"
            "sysroots, or give the path of a system's folder instead of a name",
        )
    if not found:
        raise InputError(
            f"apt is configured for no archive that may hold {definition.suite}",
            where=where,
            remedy=f"add a {definition.distribution} archive to /etc/apt/sources.list.d "
            "(apt-get install debian-archive-keyring brings its keys)",
        )
    return found


def options() -> str:
    """apt.conf(5) lines with this machine's proxies, time-outs and where its passwords are."""
    program = str(programs.find("apt-config"))
    lines = process.capture([program, "dump", "Acquire"]).splitlines()
    kept = [line for line in lines if _REACH.fullmatch(line)]
    asked = ["shell", "netrc", "Dir::Etc::netrc/f", "netrcparts", "Dir::Etc::netrcparts/d"]
    for word in shlex.split(process.capture([program, *asked])):
        name, _, value = word.partition("=")
        if Path(value).exists():
            kept.append(f'Dir::Etc::{name} "{value}";')
    # apt's own user could not write into our folders
    return "\n".join([*kept, 'APT::Sandbox::User "";', ""])


def shown(archive: Archive) -> str:
    """An archive's address without a user's name and password."""
    return re.sub(r"//[^/]*@", "//", archive.uri)

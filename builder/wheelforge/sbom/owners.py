"""Which package of this machine's distribution a file belongs to."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import NamedTuple

from wheelforge import process, programs
from wheelforge.address import package_url
from wheelforge.bill import Package


class Owner(NamedTuple):
    """A package by name, version and package URL; `sha256` of its archive, where that is known."""

    name: str
    version: str
    url: str
    sha256: str = ""


def owner(file: Path) -> Owner | None:
    """The package that dpkg or rpm says a file is from; None where neither knows it."""
    return _dpkg(file) or _rpm(file)


def recorded(soname: str, packages: tuple[Package, ...]) -> Owner | None:
    """The package of a sysroot that a library is from, by the names Debian gives to these.

    libgomp.so.1 is in libgomp1 (Debian policy 8.1): what a sysroot keeps of its packages are names,
    versions and digests, not their files.
    """
    base, _, version = soname.partition(".so.")
    major = version.partition(".")[0]
    joint = "-" if base[-1:].isdigit() else ""
    name = f"{base}{joint}{major}".lower().replace("_", "-")
    for item in packages:
        if item.name in {name, f"{name}t64"}:
            url = package_url("deb", item.name, item.version, "debian")
            return Owner(item.name, item.version, url, item.sha256)
    return None


def _dpkg(file: Path) -> Owner | None:
    names = [str(file), str(file).removeprefix("/usr")]  # what a merged /usr is called in lists
    for name in names:
        said = _asked("dpkg-query", "-S", name)
        package = said.partition(": ")[0].partition(",")[0]
        if package:
            found = _asked(
                "dpkg-query", "-W", "-f", "${Package} ${Version} ${Architecture}", package
            )
            return _owner("deb", *found.split())
    return None


def _rpm(file: Path) -> Owner | None:
    found = _asked("rpm", "-qf", "--qf", "%{NAME} %{VERSION}-%{RELEASE} %{ARCH}\n", str(file))
    return _owner("rpm", *found.partition("\n")[0].split())


def _owner(kind: str, *words: str) -> Owner | None:
    try:
        name, version, arch = words
    except ValueError:  # nothing, or an excuse
        return None
    space = platform.freedesktop_os_release().get("ID", "")
    return Owner(name, version, package_url(kind, name, version, space, arch=arch))


def _asked(program: str, *words: str) -> str:
    found = programs.find(program)
    if found is None:
        return ""
    try:
        return process.capture([str(found), *words], env={**os.environ, "LC_ALL": "C"})
    except process.ProgramError:
        return ""

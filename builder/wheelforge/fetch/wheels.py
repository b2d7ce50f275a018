"""Brings the wheels of a build environment: from beside wheelforge, else through pip."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import sysconfig
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging import tags

from wheelforge import digest, process, wheel
from wheelforge.errors import InputError
from wheelforge.fetch import closure, installed, pip_settings
from wheelforge.fetch.closure import Known
from wheelforge.fetch.errand import Brought, Errand
from wheelforge.fetch.record import of_set
from wheelforge.fetch.web import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wheelforge.fetch.pip_settings import PipSettings
    from wheelforge.graph import WheelSet

# the newest glibc that wheels for another machine may ask for: that of RHEL 8 and its kin
_FOREIGN_GLIBC_MINOR = 28
_OLDEST_GLIBC_MINOR = 17
_ROUNDS = 4
_PIP = (
    sys.executable,
    *("-P", "-m", "pip", "download", "--only-binary", ":all:", "--no-input"),
    *("--disable-pip-version-check", "--progress-bar", "off"),
)


async def bring(wanted: WheelSet, errand: Errand) -> Brought:
    """The closure of the requirements as wheels for the wanted Python."""
    folder = errand.scratch / "wheels"
    folder.mkdir()
    address = "installed"
    found = await errand.blocking(partial(installed.rebuild, wanted, folder))
    if found is None:
        settings = await asyncio.to_thread(pip_settings.read)
        address = " ".join(shown(index) for index in settings.indexes)
        found = await _with_pip(wanted, folder, settings, errand)
    else:
        errand.tell("taken from the packages installed beside wheelforge")
    identity = await errand.blocking(lambda: of_set({digest.of_file(path) for path in found}))
    return Brought(tuple(found), identity, address)


async def _with_pip(
    wanted: WheelSet, folder: Path, settings: PipSettings, errand: Errand
) -> list[Path]:
    """Download until nothing is missing: pip itself looks at markers for its own Python only."""
    places = _places(settings, errand)
    more: tuple[str, ...] = ()
    for number in range(_ROUNDS):
        requires = (*_applicable(wanted), *more)
        into = folder / str(number)
        argv = [*_PIP, "--dest", str(into), *_target(wanted), *places.options, *requires]
        try:
            await errand.run(argv, places.env)
        except process.ProgramError as error:
            raise _failed(error, wanted) from error
        found = sorted(into.glob("*.whl"))
        missing = closure.walk(wanted, _reader(found)).missing
        if not missing:
            return found
        more += missing
    raise InputError(
        f"requirements stay unmet: {', '.join(more)}",
        where=errand.label,
        remedy="pin build.requires in the recipe to versions that fit together",
    )


class _Places(NamedTuple):
    options: tuple[str, ...]
    env: dict[str, str]


def _places(settings: PipSettings, errand: Errand) -> _Places:
    """Pip's own settings; offline, only those of its places that are on this machine."""
    if not errand.offline:
        return _Places((), dict(os.environ))
    indexes = [index for index in settings.indexes if index.startswith("file:")]
    links = [link for link in settings.find_links if "://" not in link or link.startswith("file:")]
    if not indexes and not links:
        raise errand.offline_error()
    first = ["--index-url", indexes[0]] if indexes else ["--no-index"]
    options = [*first, *_flag("--extra-index-url", indexes[1:]), *_flag("--find-links", links)]
    names = {"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"}
    env = {name: value for name, value in os.environ.items() if name not in names}
    return _Places(tuple(options), env | {"PIP_CONFIG_FILE": os.devnull})


def _flag(name: str, values: list[str]) -> Iterator[str]:
    for value in values:
        yield from (name, value)


def _applicable(wanted: WheelSet) -> tuple[str, ...]:
    """The requirements whose markers hold for the wanted Python, without the markers."""
    return closure.walk(wanted, lambda _: None).missing


def _target(wanted: WheelSet) -> list[str]:
    """Pip's options for another Python or machine; none for the one it runs on."""
    own = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    if wanted.platform == own and wanted.python == platform.python_version():
        return []
    machine = wanted.platform.removeprefix("linux_")
    foreign = [
        f"manylinux_2_{minor}_{machine}"
        for minor in range(_FOREIGN_GLIBC_MINOR, _OLDEST_GLIBC_MINOR - 1, -1)
    ]
    legacy = [f"manylinux2014_{machine}", wanted.platform]
    platforms = list(tags.platform_tags()) if wanted.platform == own else [*foreign, *legacy]
    return [
        *("--python-version", wanted.python, "--implementation", "cp"),
        *_flag("--abi", [wanted.tag, "abi3", "none"]),
        *_flag("--platform", platforms),
    ]


def _reader(files: list[Path]) -> closure.Look:
    known: dict[str, Known] = {}
    for path in files:
        facts = wheel.read(path)
        known[facts.name] = Known(facts.version, facts.requires)
    return known.get


def _failed(error: process.ProgramError, wanted: WheelSet) -> InputError:
    said = [line for line in error.output.splitlines() if line.startswith("ERROR:")]
    return InputError(
        f"pip cannot find the wheels: {' '.join(said) or error.what}",
        where=f"build.requires ({', '.join(wanted.requires)}) for {wanted.tag} {wanted.platform}",
        remedy="check 'python -m pip config list', or pin other versions in the recipe; "
        "offline, bring them in with --bundle",
    )

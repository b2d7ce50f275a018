"""Checks of disks, file systems and the home folder."""

from __future__ import annotations

from collections.abc import Iterator

from wheelforge.doctor.finding import Finding, Mend, missing, ok, run, warning
from wheelforge.doctor.machine import Machine, Place
from wheelforge.doctor.need import Need
from wheelforge.resources import format_bytes

_IN_GENERAL = 10 << 30
_WHEELS = 1 << 30
_LEAST = 1 << 30
_FEW_INODES = 200_000
_FAR = frozenset({"nfs", "nfs4", "lustre", "gpfs", "beegfs", "cifs", "fuse", "9p", "panfs", "fefs"})
_MOVE = run("export WHEELFORGE_HOME=…    # a folder on a local disk with room")


def disk(machine: Machine, need: Need) -> Iterator[Finding]:
    """Room below WHEELFORGE_HOME for sources, builds and results."""
    home = machine.home
    wanted = need.disk if need.planned else _IN_GENERAL
    if need.planned and home.device == machine.wheelhouse.device:
        wanted += _WHEELS
    text = f"{format_bytes(home.free)} free in {home.path or 'WHEELFORGE_HOME'}"
    about = f"this plan takes about {format_bytes(wanted)}"
    about = about if need.planned else "torch alone takes about 30 GiB"
    if home.free < min(wanted, _LEAST) or (need.planned and home.free < wanted):
        yield missing("disk", f"{text}; {about}", _room())
    elif home.free < wanted or (home.inodes is not None and home.inodes < _FEW_INODES):
        left = "" if home.inodes is None else f", {home.inodes} files"
        yield warning("disk", f"{text}{left}; {about}", _room())
    else:
        yield ok("disk", f"{text}; {about}")


def wheelhouse(machine: Machine, need: Need) -> Iterator[Finding]:
    """Room for what is delivered, where that is on another file system."""
    place = machine.wheelhouse
    if not need.planned:
        return
    text = f"{format_bytes(place.free)} free in {place.path or 'it'}"
    elsewhere = run("wheelforge build … --wheelhouse FOLDER    # another one")
    if not place.writable:
        yield missing("wheelhouse", f"cannot write to {place.path or 'it'}", elsewhere)
    elif place.free < _WHEELS and place.device != machine.home.device:
        yield warning("wheelhouse", f"{text}; about {format_bytes(_WHEELS)} are needed", elsewhere)
    else:
        yield ok("wheelhouse", text)


def file_system(machine: Machine, need: Need) -> Iterator[Finding]:
    """What WHEELFORGE_HOME is on: writable, executable, locks that hold, a clock that agrees."""
    del need
    home = machine.home
    faults = list(_faults(home))
    name = home.kind or "unknown file system"
    if not home.writable:
        yield missing("file system", f"cannot write to {home.path or 'WHEELFORGE_HOME'}", _MOVE)
    elif not home.executable:
        what = f"{name}: nothing on it can be started (mounted noexec)"
        yield missing("file system", what, _MOVE)
    elif faults:
        yield warning("file system", f"{name}: {'; '.join(faults)}", _MOVE)
    else:
        yield ok("file system", f"{name}: writable, executable, locks work")


def user_home(machine: Machine, need: Need) -> Iterator[Finding]:
    """The user's home, where git, uv and pip keep settings and caches."""
    del need
    if machine.user_home_writable:
        yield ok("HOME", "is writable")
    else:
        mend = run("export HOME=…    # a folder that can be written to")
        yield warning("HOME", f"{machine.user_home or 'not set'}: cannot be written to", mend)


def _faults(home: Place) -> Iterator[str]:
    if not home.locks:
        yield "locks do not hold (flock)"
    if home.kind in _FAR or home.kind.startswith("fuse."):
        yield "shared: builds on a local disk are many times faster"
    if abs(home.skew) > 2:  # noqa: PLR2004 - make compares times to the second
        yield f"its clock is {home.skew:+.0f} s off: make may rebuild or skip at will"


def _room() -> Mend:
    return Mend(
        "wheelforge store gc    # and apt-get clean, or WHEELFORGE_HOME on a larger disk",
        "wheelforge store gc    # and dnf clean all, or WHEELFORGE_HOME on a larger disk",
    )

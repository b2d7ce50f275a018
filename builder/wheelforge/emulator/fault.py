"""Why programs of another machine do not run here, and the command that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wheelforge.emulator.registration import MOUNTED_AT

if TYPE_CHECKING:
    from wheelforge.emulator.snapshot import Emulator

_INSTALL = ("apt-get install qemu-user-static binfmt-support", "dnf install qemu-user-static")


class Fault(NamedTuple):
    """What is wrong, and what mends it on machines with apt and on machines with dnf (as root)."""

    what: str
    apt: str
    dnf: str


def fault(found: Emulator) -> Fault | None:
    """The first thing that is missing; None where programs of that machine run."""
    if found.works:
        return None
    return _kernel(found) or _registration(found) or _unexplained(found)


def _kernel(found: Emulator) -> Fault | None:
    formats, place = found.formats, f"/{MOUNTED_AT}"
    if not formats.mounted:
        load = "" if formats.known else "modprobe binfmt_misc; "
        mount = f"{load}mount -t binfmt_misc binfmt_misc {place}"
        return Fault(f"binfmt_misc is not mounted at {place}", mount, mount)
    if not formats.enabled:
        switch = f"echo 1 > {place}/status"
        return Fault("binfmt_misc is switched off", switch, switch)
    return None


def _registration(found: Emulator) -> Fault | None:
    machine, entry = found.machine, found.registration
    enable = f"update-binfmts --enable qemu-{machine}"
    if entry is None and not found.installed:
        return Fault(f"there is no qemu for {machine} here", *_INSTALL)
    if entry is None:
        what = f"{found.installed} is here, but not registered with binfmt_misc"
        return Fault(
            what,
            f"apt-get install binfmt-support; {enable}",
            "systemctl restart systemd-binfmt",
        )
    if not entry.enabled:
        switch = f"echo 1 > /{MOUNTED_AT}/{entry.name}"
        what = f"the registration {entry.name} is switched off"
        return Fault(what, f"{enable}    # or: {switch}", switch)
    if not entry.present:
        what = f"{entry.name} is registered, but its program {entry.interpreter} is not here"
        return Fault(what, *_INSTALL)
    return None


def _unexplained(found: Emulator) -> Fault:
    entry = found.registration
    by = f" ({entry.interpreter}, flags {entry.flags or 'none'})" if entry else ""
    what = f"a program of {found.machine} does not run{by}: {found.fault}"
    return Fault(
        what,
        "apt-get install --reinstall qemu-user-static binfmt-support",
        "dnf reinstall qemu-user-static",
    )

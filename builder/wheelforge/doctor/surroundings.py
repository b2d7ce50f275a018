"""Checks of the network, the kernel and the settings that programs run under."""

from __future__ import annotations

from collections.abc import Iterator

from wheelforge.doctor.finding import Finding, Mend, missing, ok, run, warning
from wheelforge.doctor.machine import Machine, Reach
from wheelforge.doctor.need import Need

_RELEASED = 1_735_689_600  # 2025-01-01: wheelforge is younger


def system(machine: Machine, need: Need) -> Iterator[Finding]:
    """What this is, and what it is to build for."""
    here = ", ".join(filter(None, (machine.system, machine.machine, machine.processor)))
    aim = f"; target {need.target.name} ({need.target.archspec})" if need.target else ""
    yield ok("machine", f"{here or 'unknown'}{aim}")


def network(machine: Machine, need: Need) -> Iterator[Finding]:
    """The package index pip is configured for."""
    if not need.index:
        yield ok("package index", "not needed: everything from it is here")
        return
    if need.offline:
        yield missing("package index", "--offline, and not everything is here", _bundle(need))
        return
    indexes = machine.network.indexes
    failed = [reach for reach in indexes if reach.fault]
    if indexes and not failed:
        yield ok("package index", f"{', '.join(reach.address for reach in indexes)}")
        return
    what = _told(failed) or machine.network.trouble or "pip is configured for none"
    if need.planned:
        yield missing("package index", what, _bundle(need))
    else:
        yield warning("package index", f"{what}; sources have to come in a bundle", _bundle(need))


def hosts(machine: Machine, need: Need) -> Iterator[Finding]:
    """The hosts that git repositories and archives of the plan come from."""
    if not need.hosts:
        return
    if need.offline:
        names = ", ".join(sorted({name for names in need.hosts.values() for name in names}))
        yield missing("sources", f"--offline, and {names} are not here", _bundle(need))
        return
    failed = [reach for reach in machine.network.hosts if reach.fault]
    if failed:
        told = "; ".join(
            f"{_told([reach])} (for {', '.join(need.hosts.get(reach.address, ()))})"
            for reach in failed
        )
        yield missing("sources", told, _bundle(need))
    else:
        yield ok("sources", f"{', '.join(need.hosts)} can be reached")


def namespaces(machine: Machine, need: Need) -> Iterator[Finding]:
    """Whether a build can be kept from the network."""
    del need
    if machine.kernel.namespaces:
        yield ok("isolation", "builds run without network (namespaces)")
        return
    mend = Mend(
        "apt-get install util-linux; sysctl -w kernel.unprivileged_userns_clone=1",
        "dnf install util-linux; sysctl -w user.max_user_namespaces=15000",
    )
    what = "no network namespaces: a build could fetch what no recipe names"
    yield warning("isolation", what, mend)


def pages(machine: Machine, need: Need) -> Iterator[Finding]:
    """This kernel's pages are not larger than what the target's libraries are aligned to."""
    here, target = machine.kernel.page_size, need.target
    if target is None or target.machine != machine.machine:
        yield ok("page size", f"{here >> 10} KiB here")
    elif here > target.page_size:
        what = (
            f"{here >> 10} KiB here, and {target.name} is aligned to {target.page_size >> 10} KiB"
        )
        mend = run(f"# write page_size = {here} in a copy of the target, and give --target FILE")
        yield missing("page size", f"{what}: the results would not load", mend)
    else:
        yield ok("page size", f"{here >> 10} KiB here, aligned to {target.page_size >> 10} KiB")


def huge_pages(machine: Machine, need: Need) -> Iterator[Finding]:
    """Transparent huge pages: tcmalloc, oneDNN and torch are faster with them."""
    del need
    mode = machine.kernel.huge_pages
    if mode in {"always", "madvise"}:
        yield ok("huge pages", f"transparent: {mode}")
        return
    mend = run("echo madvise > /sys/kernel/mm/transparent_hugepage/enabled    # as root")
    yield warning("huge pages", f"transparent: {mode or 'not in this kernel'}", mend)


def words(machine: Machine, need: Need) -> Iterator[Finding]:
    """Locale: file names and compilers' messages are UTF-8."""
    del need
    if machine.utf8:
        yield ok("locale", machine.locale or "C, read as UTF-8")
        return
    what = f"{machine.locale or 'not set'}: not UTF-8, or not installed"
    yield warning("locale", what, run("export LC_ALL=C.UTF-8"))


def clock(machine: Machine, need: Need) -> Iterator[Finding]:
    """A clock far behind makes certificates invalid and build times wrong."""
    del need
    if machine.now < _RELEASED:
        mend = Mend("apt-get install chrony", "dnf install chrony && systemctl start chronyd")
        yield warning("clock", "is years behind: certificates will be refused", mend)


def _told(failed: list[Reach]) -> str:
    return ", ".join(f"{reach.address}: {reach.fault}" for reach in failed)


def _bundle(need: Need) -> Mend:
    """Fetch where there is a network, carry it here."""
    words = need.command or "NAME==VERSION"
    return run(f"wheelforge fetch {words} --bundle FILE    # elsewhere, then build --bundle FILE")

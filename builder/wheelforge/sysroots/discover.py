"""Reads from a folder what system is in it: its machine, glibc, shared libraries and Pythons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from wheelforge.sysroots import within

# e_machine of the ELF header (elf.h) as uname -m calls it
_MACHINES = {
    3: "i686",
    20: "ppc",
    21: "ppc64le",
    22: "s390x",
    40: "armv7l",
    62: "x86_64",
    183: "aarch64",
    243: "riscv64",
    258: "loongarch64",
}
_HEADER = 20
_TRIPLET = re.compile(r"[a-z0-9_]+-linux-gnu[a-z0-9]*")
_RELEASE = re.compile(rb"GNU C Library[^\0\n]{0,120}release version (\d+\.\d+)")
_SYMBOL = re.compile(rb"\0GLIBC_(\d+)\.(\d+)(?=\0)")
_PYTHON = re.compile(r"python(3\.\d+)")
_LIBRARIES = ("usr/lib/{}", "lib/{}", "usr/lib64", "lib64", "usr/lib", "lib")
_COMPILERS = ("usr/lib/gcc", "usr/lib64/gcc")


class Found(NamedTuple):
    """What is in a sysroot; the fields are those of `Sysroot`."""

    machine: str
    libc: str
    triplet: str
    folders: tuple[str, ...]
    pythons: dict[str, str]


def machine_of(file: Path) -> str:
    """The machine an ELF file is for, as uname -m says it; empty for any other file."""
    with suppress(OSError), file.open("rb") as opened:
        header = opened.read(_HEADER)
        if len(header) == _HEADER and header[:4] == b"\x7fELF":
            number = int.from_bytes(header[18:20], "little" if header[5] == 1 else "big")
            return _MACHINES.get(number, f"machine {number}")
    return ""


def systems(root: Path) -> dict[str, str]:
    """The glibc of each machine there is, below `root`; several in a biarch system."""
    found: dict[str, str] = {}
    for name in _library_folders(root, "*"):
        libc = within.resolved(root, f"{name}/libc.so.6")
        machine = machine_of(libc)
        if machine and machine not in found and libc_version(libc):
            found[machine] = f"{name}/libc.so.6"
    return found


def read(root: Path, machine: str) -> Found:
    """All about the system of `machine`, which has to be one of `systems`."""
    name = systems(root)[machine]
    folder = name.rpartition("/")[0]
    inner = folder.rpartition("/")[2]
    triplet = inner if _TRIPLET.fullmatch(inner) else ""
    return Found(
        machine,
        libc_version(within.resolved(root, name)),
        triplet,
        tuple(_folders(root, machine, triplet)),
        dict(_pythons(root, machine)),
    )


def libc_version(file: Path) -> str:
    """`"glibc 2.41"`, by what the library calls itself, or else by its newest symbols.

    Empty for what is no glibc.
    """
    data = file.read_bytes()
    if match := _RELEASE.search(data):
        return f"glibc {match[1].decode()}"
    known = [(int(major), int(minor)) for major, minor in _SYMBOL.findall(data)]
    return "glibc {}.{}".format(*max(known)) if known else ""


def _folders(root: Path, machine: str, triplet: str) -> Iterator[str]:
    """Where the loader looks, then gcc's own: those that hold something of this machine."""
    for name in _library_folders(root, triplet):
        if _holds(root / name, machine):
            yield name
    for place in _COMPILERS:
        for path in sorted(within.resolved(root, place).glob("*/*"), key=_version, reverse=True):
            if path.name[:1].isdigit() and _holds(path, machine):
                yield within.relative(root, path)


def _library_folders(root: Path, triplet: str) -> Iterator[str]:
    """The folders of libraries that exist, each by one name; `triplet` may be a pattern."""
    seen: set[Path] = set()
    for pattern in _LIBRARIES:
        head, marker, _ = pattern.partition("{}")
        if marker and not triplet:
            continue
        for path in _below(root, head.rstrip("/"), triplet if marker else ""):
            if path not in seen:
                seen.add(path)
                yield within.relative(root, path)


def _below(root: Path, name: str, pattern: str) -> Iterator[Path]:
    folder = within.resolved(root, name)
    if not pattern:
        found = [folder]
    else:
        found = sorted(path for path in folder.glob(pattern) if _TRIPLET.fullmatch(path.name))
    yield from (path for path in found if path.is_dir() and not path.is_symlink())


def _holds(folder: Path, machine: str) -> bool:
    """Whether a shared library, an object or an archive in `folder` is of this machine."""
    for path in sorted(folder.glob("*.so*")):
        if found := machine_of(path):
            return found == machine
    return any(machine_of(path) == machine for path in sorted(folder.glob("*.o")))


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", path.name))


def _pythons(root: Path, machine: str) -> Iterator[tuple[str, str]]:
    for place in ("usr/local/bin", "usr/bin"):
        folder = within.resolved(root, place)
        for path in sorted(folder.glob("python3.*")):
            match = _PYTHON.fullmatch(path.name)
            if not match:
                continue
            with suppress(OSError):
                file = within.resolved(root, within.relative(root, path))
                if machine_of(file) == machine:
                    yield match[1], within.relative(root, path)

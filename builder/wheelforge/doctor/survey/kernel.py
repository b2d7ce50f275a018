"""Looks at what the kernel and the processor offer."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from wheelforge import sandbox
from wheelforge.doctor.machine import Kernel


def kernel(root: Path = Path("/")) -> Kernel:
    """`root` is where /proc and /sys are."""
    return Kernel(
        page_size=os.sysconf("SC_PAGE_SIZE"),
        huge_pages=_huge_pages(root),
        namespaces=bool(sandbox.offline_prefix()),
    )


def features(root: Path = Path("/")) -> frozenset[str]:
    """The processor's features, as /proc/cpuinfo names them."""
    for line in _read(root / "proc/cpuinfo").splitlines():
        name, _, words = line.partition(":")
        if name.strip() in {"Features", "flags"}:
            return frozenset(words.split())
    return frozenset()


def system(root: Path = Path("/")) -> str:
    """What the distribution calls itself."""
    match = re.search(r'^PRETTY_NAME="?([^"\n]*)', _read(root / "etc/os-release"), re.MULTILINE)
    return match[1] if match else ""


def _huge_pages(root: Path) -> str:
    text = _read(root / "sys/kernel/mm/transparent_hugepage/enabled")
    match = re.search(r"\[(\w+)\]", text)
    return match[1] if match else ""


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(errors="replace")
    return ""

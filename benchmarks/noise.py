"""How much of the processors other programs used while something was measured."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NEGLIGIBLE = 0.05


@contextmanager
def told() -> Iterator[None]:
    """Print it at the end; programs of ours that nobody waited for count as others'."""
    busy, every, own = _ticks()
    yield
    busy_now, every_now, own_now = _ticks()
    others = (busy_now - busy - (own_now - own)) / max(1.0, every_now - every)
    note = "" if others < _NEGLIGIBLE else ": seconds and ratios are not to be relied on"
    print(f"other programs used {max(0.0, others):.0%} of the processors meanwhile{note}")


def _ticks() -> tuple[float, float, float]:
    """Busy and all ticks of the machine, and the seconds of this program's children, in ticks."""
    words = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    user, nice, system, idle, iowait, *rest = map(int, words)
    busy = user + nice + system + sum(rest)
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    own = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return busy, busy + idle + iowait, own * os.sysconf("SC_CLK_TCK")

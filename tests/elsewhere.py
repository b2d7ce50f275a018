"""Runs commands as on another day, for another user, in another place: to see what that changes.

In a mount namespace of its own /etc/ld.so.preload names a small library that shifts the clock: it
reaches programs that are started with a clean environment as well.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86400
_CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(id, now);
    if (code == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += SHIFT;
    return code;
}
time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
int gettimeofday(struct timeval *now, void *zone)
{
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}
"""
# tmpfs lists a folder's newest file first, other file systems in an order of their own
_SCRIPT = """
set -e
mount -t tmpfs etc "$1/scratch"
mkdir "$1/scratch/upper" "$1/scratch/work"
mount -t overlay etc -o "lowerdir=/etc,upperdir=$1/scratch/upper,workdir=$1/scratch/work" /etc
echo "$1/clock.so" > /etc/ld.so.preload
if [ -n "$2" ]; then mount -t tmpfs home "$2"; fi
umask 077
shift 2
"$@"
"""


class UnavailableError(Exception):
    """Why this machine cannot pretend to be another."""


@dataclass(frozen=True)
class Elsewhere:
    """A folder for what it takes, `days` that the clock is ahead, and a HOME of its own."""

    root: Path
    days: int

    def argv(self, *words: str, memory: Path | None = None) -> list[str]:
        """The words that run a command there; `memory` is an empty folder that becomes a tmpfs."""
        own = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", _SCRIPT, "sh"]
        return [*own, str(self.root), str(memory or ""), *words]

    @property
    def env(self) -> dict[str, str]:
        """The variables of another user in another country."""
        more = {"HOME": str(self.root / "user"), "TZ": "Asia/Kathmandu"}
        return {**os.environ, **more, "LC_ALL": "C", "LANG": "de_DE.UTF-8", "USER": "somebody"}


def elsewhere(root: Path, days: int) -> Elsewhere:
    """Make one; UnavailableError where this machine has no namespaces or no compiler."""
    for name in ("scratch", "user"):
        (root / name).mkdir(parents=True)
    source = root / "clock.c"
    source.write_text(_CLOCK)
    compiler = shutil.which("cc")
    if compiler is None or shutil.which("unshare") is None:
        raise UnavailableError("needs a C compiler and unshare")
    shift = f"-DSHIFT=({days}LL*{DAY})"
    subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", shift, source, "-o", root / "clock.so", "-ldl"],
        check=True,
    )
    made = Elsewhere(root, days)
    now = subprocess.run(["date", "+%s"], capture_output=True, text=True, check=True)
    then = subprocess.run(made.argv("date", "+%s"), capture_output=True, text=True, check=False)
    if then.returncode != 0:
        raise UnavailableError(f"no mount namespaces here: {then.stderr.strip()}")
    assert int(then.stdout) - int(now.stdout) in range(days * DAY, days * DAY + 600)
    return made

"""How far a build is kept from the rest of the machine."""

from __future__ import annotations

import os
from functools import cache

from wheelforge import process, programs
from wheelforge.errors import ForgeError

_WAYS = (("--net",), ("--user", "--map-current-user", "--net"))


@cache
def offline_prefix() -> tuple[str, ...]:
    """The words before a command that take the network away from it.

    Empty where the kernel or the batch system allows no network namespaces; tried, not guessed:
    root needs only a network namespace, others a user namespace as well.
    """
    unshare = programs.find("unshare")
    if unshare is None:
        return ()
    for words in _WAYS:
        argv = (str(unshare), *words, "--")
        try:
            process.capture([*argv, "true"], env=os.environ, timeout=10)
        except ForgeError:
            continue
        return argv
    return ()

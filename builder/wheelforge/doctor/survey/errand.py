"""Looking at several things at once, none of which may hold up the others or make them fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Errand(Generic[T]):
    """Work in a thread of its own. What it gave in time, else `instead`, is its result.

    A file server or name server that does not answer holds a thread, which ends with the process.
    """

    def __init__(self, work: Callable[[], T], instead: T) -> None:
        self._work = work
        self._result = instead
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def result(self, deadline: float) -> T:
        """The result, waited for until `deadline` on the monotonic clock."""
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._work()
        except Exception:  # noqa: BLE001 - what cannot be found out is not there
            return

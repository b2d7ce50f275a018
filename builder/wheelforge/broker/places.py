"""Who of the steps has a place in the budget, who waits for one, and who is getting ready."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from wheelforge.broker.admission import Lease, Wish
from wheelforge.broker.budget import Budget, Place

_AHEAD = 2  # steps that get ready while there is no place for them
_PATIENCE = 0.5  # seconds a place is kept for a more urgent step that is getting ready


class Places:
    """The steps of a run that compile; `on_room` is called when another may get ready."""

    def __init__(self, budget: Budget) -> None:
        self.on_room: Callable[[], None] = lambda: None
        self._budget = budget
        self._admitted: set[str] = set()
        self._preparing: dict[str, Wish] = {}
        self._since: dict[str, float] = {}
        self._waiting: dict[str, asyncio.Future[Place]] = {}

    def admit(self, wish: Wish) -> Lease | None:
        """Leave to get ready, for as many steps as there are jobs, and a few more.

        Less urgent ones that do so already do not count: they are not to be first at a place.
        """
        before = sum(other.priority >= wish.priority for other in self._preparing.values())
        if before >= _AHEAD + max(0, self._budget.free):
            return None
        self._preparing[wish.step] = wish
        self._since[wish.step] = time.monotonic()
        self._admitted.add(wish.step)
        return Lease(jobs=min(wish.jobs, self._budget.jobs), memory=0, step=wish.step)

    async def take(self, step: str) -> Place:
        """Wait until a job is free that no compile of a more urgent step awaits, and take it."""
        waiting: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        self._waiting[step] = waiting
        self._long()
        self.grant()
        try:
            return await waiting
        except asyncio.CancelledError:
            self.leave(step)
            raise

    def leave(self, step: str) -> None:
        """A step needs its place no more, nor waits for one."""
        if (waiting := self._waiting.pop(step, None)) is not None:
            waiting.cancel()
            self._long()
        self._preparing.pop(step, None)
        self._budget.places.pop(step, None)

    def end(self, step: str) -> bool:
        """A step has ended; False when it was not admitted here."""
        self.leave(step)
        known = step in self._admitted
        self._admitted.discard(step)
        return known

    def grant(self) -> None:
        """Give free places to those that wait, the most urgent first."""
        for step in [step for step, waiting in self._waiting.items() if waiting.cancelled()]:
            self.leave(step)
        while self._waiting and (self._budget.free >= 1 or not self._budget.places):
            step = max(self._waiting, key=lambda name: self._preparing[name].priority)
            if self._coming(self._preparing[step].priority):
                asyncio.get_running_loop().call_later(_PATIENCE, self.grant)
                return
            wish = self._preparing.pop(step)
            place = Place(step, wish.priority, most=wish.jobs)
            self._budget.places[step] = place
            self._waiting.pop(step).set_result(place)
            self._long()
            self.on_room()

    def _coming(self, priority: float) -> bool:
        """True when a more urgent step will be ready in a moment."""
        now = time.monotonic()
        return any(
            wish.priority > priority and now - self._since[step] < _PATIENCE
            for step, wish in self._preparing.items()
            if step not in self._waiting
        )

    def _long(self) -> None:
        """Compiles of less urgent steps take no further job before these have their place."""
        waiting = (self._preparing[step].priority for step in self._waiting)
        self._budget.longing = max(waiting, default=-math.inf)

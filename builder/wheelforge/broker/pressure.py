"""Watches memory while compilers run: freezes, resumes and kills what the budget says."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from wheelforge.broker.budget import Action
from wheelforge.broker.desk import FrontDesk
from wheelforge.broker.watch import held
from wheelforge.events import Event, Load, MemoryPressure

_OFTEN, _SELDOM = 0.05, 0.2
_NEAR = 0.3  # of the limit: when less is left, it is looked at often
_AMPLE = 0.6  # when more is left, what is measured seldom is not looked at between
_TOLD_EVERY = 1.0
_VERBS = {
    "freeze": (signal.SIGSTOP, "frozen"),
    "resume": (signal.SIGCONT, "resumed"),
    "kill": (signal.SIGKILL, "killed"),
}


class Watch:
    """Looks at the memory of a run; `tell` hears the load every second."""

    def __init__(self, desk: FrontDesk, tell: Callable[[Event], None]) -> None:
        self._desk = desk
        self._tell = tell
        self._looked = self._told = 0.0
        self._pause = _SELDOM

    async def go(self) -> None:
        """Look as long as the run lasts."""
        while True:
            await asyncio.sleep(self._pause)
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """One look: measure, act, tell; `now` in seconds."""
        desk = self._desk
        left, limit = desk.left(), desk.limit
        since = now - self._looked
        if desk.budget.running and (left < _NEAR * limit or since >= _SELDOM):
            self._looked = now
            self._measure(since)
            for action in desk.budget.relieve(desk.left(), limit):
                self._act(action, left)
            desk.go_on()
        elif desk.longed_for:  # nobody says when a tool puts a token back
            desk.go_on()
        ample = left > _AMPLE * limit or not desk.budget.running
        self._pause = _SELDOM if ample and not desk.longed_for else _OFTEN
        if now - self._told >= _TOLD_EVERY:
            self._told = now
            self._tell(self._load(left, limit))

    def _measure(self, seconds: float) -> None:
        for task in self._desk.budget.running:
            if child := self._desk.requests[task][0].child:
                now = held(child)
                if task.frozen and not (
                    now or task.doomed
                ):  # killed with its gate: what it started still stands
                    with suppress(ProcessLookupError, PermissionError):
                        os.killpg(child, signal.SIGKILL)
                if not task.frozen:  # what stands does not grow, and will as it did before
                    task.rate = (now - task.held) / max(seconds, _OFTEN)
                task.held = now

    def _act(self, action: Action, left: int) -> None:
        request, _ = self._desk.requests[action.task]
        number, done = _VERBS[action.verb]
        if not request.child:  # it is just being started: next time
            action.task.doomed = False
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(request.child, number)
        action.task.frozen = action.verb != "resume"
        seat = request.seat
        seat.tell(
            MemoryPressure(
                step=seat.place.step,
                action=done,
                source=request.unit.beside(seat.work).source,
                held=action.task.held,
                left=left,
            )
        )

    def _load(self, left: int, limit: int) -> Load:
        budget = self._desk.budget
        return Load(
            used=max(0, limit - left),
            limit=limit,
            busy=sum(not task.frozen for task in budget.running),
            waiting=len(budget.waiting),
            frozen=sum(task.frozen for task in budget.running),
        )

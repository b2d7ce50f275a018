"""The broker of a run with gates: gives steps their place, and compilers of all of them theirs."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from wheelforge import atomic
from wheelforge.broker.admission import FETCHES_AT_ONCE, Lease, Wish
from wheelforge.broker.claims import Claims
from wheelforge.broker.desk import FrontDesk, Room
from wheelforge.broker.jobserver import JobServer
from wheelforge.broker.journal import Journal
from wheelforge.broker.places import Places
from wheelforge.broker.pressure import Watch
from wheelforge.broker.protocol import Entrance
from wheelforge.broker.seat import Seat
from wheelforge.events import Event


class Keeper:
    """One budget for everything a run compiles; `peaks` is where what was learned is kept."""

    def __init__(
        self, *, jobs: int, room: Room, peaks: Path, tell: Callable[[Event], None]
    ) -> None:
        self._desk = FrontDesk(jobs=jobs, room=room)
        self._budget = self._desk.budget
        self._watch = Watch(self._desk, tell)
        self._peaks = peaks
        self._places = Places(self._budget)
        self._beside = Counter[int]()  # by the jobs of their lease: 0 fetches, 1 does not
        self.socket = Path()

    @asynccontextmanager
    async def open(self, on_room: Callable[[], None]) -> AsyncIterator[None]:
        """Answer gates at `socket`; `on_room` is called when a refused step may ask again.

        The socket is in a folder of its own, as its path may have 107 bytes at most (unix(7)).
        """
        self._places.on_room = on_room
        self._desk.before = self._places.grant
        folder = Path(tempfile.mkdtemp(prefix="wheelforge-"))
        self.socket = folder / "gates"
        try:
            entrance = Entrance(self._desk, self.socket)
            watch = asyncio.ensure_future(self._watch.go())
            try:
                yield
            finally:
                watch.cancel()
                entrance.close()  # also on what outlived its step
                with suppress(asyncio.CancelledError):
                    await watch
        finally:
            atomic.remove_tree(folder)

    def admit(self, wish: Wish, others: Sequence[Wish]) -> Lease | None:
        """Leave for a step to begin; what compiles takes its place only when it comes to that.

        So sources are unpacked and environments made while others compile. What compiles nothing
        is limited by itself: fetches wait for the network, and repairs and checks are short.
        """
        del others
        if wish.builds:
            return self._places.admit(wish)
        most = self._budget.jobs if wish.jobs else FETCHES_AT_ONCE
        if self._beside[wish.jobs] >= most:
            return None
        self._beside[wish.jobs] += 1
        return Lease(jobs=wish.jobs, memory=0, step=wish.step)

    def release(self, lease: Lease) -> None:
        if not self._places.end(lease.step):
            self._beside[lease.jobs] -= 1
        self._desk.go_on()

    def offered(self, jobs: int) -> int:
        """What tools are told as their -j: more than `jobs`, so that somebody stands ready."""
        return jobs + max(2, jobs // 4)

    @asynccontextmanager
    async def seat(
        self, step: str, name: str, work: Path, estimate: int, tell: Callable[[Event], None]
    ) -> AsyncIterator[Seat]:
        """Wait for a step's place, then serve the gates of its commands.

        `estimate` bytes are its recipe's guess of what a compile needs.
        """
        place = await self._places.take(step)
        claims = Claims(self._peaks / f"{name}.json", estimate)
        seat = Seat(place, str(work), claims, Journal(work), JobServer(), tell)
        self._desk.seats[seat.mark] = seat
        try:
            yield seat
        finally:
            del self._desk.seats[seat.mark]
            for task, (request, line) in list(self._desk.requests.items()):
                if request.seat is seat:
                    self._desk.forget(task)
                    line.close()
            seat.close()
            self._places.leave(step)
            self._desk.go_on()

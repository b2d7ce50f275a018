"""A step at the broker: what its gates may know, and what its compiles left behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from wheelforge.broker.budget import Place, Task
from wheelforge.broker.claims import Claims
from wheelforge.broker.jobserver import JobServer
from wheelforge.broker.journal import Journal
from wheelforge.broker.unit import Unit
from wheelforge.events import Event


class Failure(NamedTuple):
    """A compile or link that ended badly: its command, what it said, its peak in bytes.

    `killed`: something outside ended it, which on a machine without swap means want of memory.
    """

    unit: Unit
    argv: tuple[str, ...]
    cwd: str
    said: str
    peak: int
    killed: bool


@dataclass(eq=False)
class Seat:
    """One step while its commands run; `mark` is what its programs carry (its work folder)."""

    place: Place
    mark: str
    claims: Claims
    journal: Journal
    server: JobServer
    tell: Callable[[Event], None]
    failures: list[Failure] = field(default_factory=list)

    @property
    def work(self) -> str:
        """The work folder, without whose name units are known."""
        return self.mark

    def close(self) -> None:
        """The step's commands have ended."""
        self.claims.save()
        self.journal.close()
        self.server.close()
        self.place.tokens = 0


@dataclass(eq=False)
class Request:
    """What one gate asked for, from the first question to the end of its compile.

    `attempts` of its compile were made; the broker itself killed `taken` of them.
    """

    seat: Seat
    task: Task
    unit: Unit
    cwd: str
    argv: tuple[str, ...]
    asked: float
    began: float = 0.0
    began_ns: int = 0
    child: int = 0
    attempts: int = 0
    taken: int = 0
    waited: float = 0.0
    peak: int = 0

"""The display on a terminal: a table of running steps with progress, elapsed and remaining time."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.console import Console as RichConsole
from rich.live import Live as RichLive
from rich.table import Table
from rich.text import Text

from wheelforge.cli.words import ENDED, fraction, load, pressure
from wheelforge.events import (
    CommandStarted,
    Event,
    Load,
    MemoryPressure,
    Notice,
    OutputLine,
    Progress,
    RunStarted,
    Status,
    StepFinished,
    StepStarted,
)
from wheelforge.resources import format_seconds as duration
from wheelforge.untrusted import printable

_COLOURS = {Status.BUILT: "green", Status.CACHED: "cyan", Status.FAILED: "bold red",
            Status.SKIPPED: "yellow", Status.INTERRUPTED: "yellow"}  # fmt: skip
_READ = 1000  # characters of a line, of which 60 are shown


@dataclass
class _Row:
    started: float
    jobs: int
    command: str = ""
    progress: str = ""
    last: str = ""


class Live:
    """Shows what runs now below lines for what has ended."""

    def __init__(self) -> None:
        self._console = RichConsole()
        self._rows: dict[str, _Row] = {}
        self._estimates: dict[str, float] = {}
        self._open: set[str] = set()
        self._load = ""
        self._started = time.monotonic()
        self._live: RichLive | None = None

    def tell(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._begin(event)
            case Notice():
                self._print(event.text)
            case StepStarted():
                self._rows[event.step] = _Row(time.monotonic(), event.jobs)
            case StepFinished():
                self._end(event)
            case Load():
                self._load = load(event)
            case MemoryPressure() if event.action == "killed":
                self._print(pressure(event))
            case CommandStarted() | Progress() | OutputLine():
                self._change(event)
            case _:
                pass

    def close(self) -> None:
        """End the live part; the lines above it stay."""
        if self._live is not None:
            self._rows.clear()
            self._live.stop()
            self._live = None

    def __rich__(self) -> Table:
        """Lay out one row for each running step and one for the whole run."""
        table = Table.grid(padding=(0, 2))
        for name, row in self._rows.items():
            table.add_row(
                Text(printable(f"▸ {name}"), style="bold"),
                Text(printable(row.command)),
                Text(row.progress, style="magenta"),
                Text(self._clock(name, row)),
                Text(f"-j{row.jobs}" if row.jobs > 1 else "", style="dim"),
                Text(row.last[:60], style="dim", overflow="ellipsis", no_wrap=True),
            )
        left = sum(self._estimates.get(name, 0.0) for name in self._open)
        elapsed = duration(time.monotonic() - self._started)
        table.add_row(Text(f"{len(self._open)} steps left"), Text(f"elapsed {elapsed}"),
                      Text(f"work left about {duration(left)}", style="dim"),
                      Text(self._load, style="dim"))  # fmt: skip
        return table

    def _begin(self, event: RunStarted) -> None:
        self._estimates = dict(event.estimates)
        self._open = set(event.steps)
        self._started = time.monotonic()
        self._live = RichLive(self, console=self._console, refresh_per_second=2, transient=True)
        self._live.start()

    def _change(self, event: CommandStarted | Progress | OutputLine) -> None:
        row = self._rows.get(event.step)
        if row is None:
            return
        match event:
            case CommandStarted():
                row.command, row.progress = event.label, ""
            case Progress():
                row.progress = fraction(event.done, event.total)
            case OutputLine():
                row.last = printable(event.text[:_READ]).strip() or row.last

    def _end(self, event: StepFinished) -> None:
        self._rows.pop(event.step, None)
        self._open.discard(event.step)
        line = Text(f"{ENDED[event.status]:<8}", style=_COLOURS[event.status])
        line.append(printable(f" {event.step}  {duration(event.seconds)}"), style="default")
        self._console.print(line)

    def _print(self, text: str) -> None:
        self._console.print(printable(text), highlight=False, markup=False)

    def _clock(self, name: str, row: _Row) -> str:
        elapsed = time.monotonic() - row.started
        left = self._estimates.get(name, 0.0) - elapsed
        return duration(elapsed) + (f", {duration(left)} left" if left > 1 else "")

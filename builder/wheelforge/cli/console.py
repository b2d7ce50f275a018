"""Renders events for people: live on a terminal, plain lines elsewhere. Says the summary."""

from __future__ import annotations

import math
import shutil
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wheelforge import __version__
from wheelforge.cli.tree import headline
from wheelforge.cli.words import ENDED, complain, fraction, pressure, say
from wheelforge.errors import ForgeError
from wheelforge.events import (
    CommandStarted,
    Event,
    MemoryPressure,
    Notice,
    Progress,
    RunStarted,
    Status,
    StepFinished,
    StepStarted,
)
from wheelforge.resources import format_seconds as duration

if TYPE_CHECKING:
    from wheelforge.execute import Result
    from wheelforge.graph import Plan
    from wheelforge.pipeline import Built
    from wheelforge.pipeline.run import Outcome


class Display(Protocol):
    """How a run is shown while it goes on."""

    def tell(self, event: Event) -> None:
        """Show one event."""

    def close(self) -> None:
        """End the display; what was printed stays."""


class Console:
    """Says what happens and what came of it."""

    def __init__(self, display: Display) -> None:
        self._display = display

    def tell(self, event: Event) -> None:
        """Show an event while the run goes on."""
        try:
            self._display.tell(event)
        except OSError:  # the terminal is gone; the run is not
            self._display = Plain()

    def show_plan(self, plan: Plan) -> None:
        """Say what is going to be built with what, before anything starts."""
        say(headline(plan))

    def summary(self, built: Built, wheelhouse: Path) -> None:
        """Name every step and how it ended, then what was written and what to type next."""
        self._display.close()
        if built.outcome is not None:
            self.results(built.outcome, built.plan)
            if built.outcome.error is not None:
                goes_on = (
                    "" if built.outcome.interrupted else "; the same command goes on from here"
                )
                say(f"{wheelhouse} was left as it was{goes_on}")
                return
        wheels = [path for path in built.files if path.suffix == ".whl"]
        for path in (*built.prefixes, *wheels):
            say(f"  {path}")
        if not wheels:
            return
        if not built.changed:
            say(f"nothing changed: {wheelhouse} is up to date")
        if built.proven:
            say(f"verified: {len(built.proven)} checks passed in a clean environment")
        if not built.changed:
            return
        say(f"lock:  {wheelhouse / 'requirements.lock'}\nindex: {wheelhouse / 'simple'}")
        index = (wheelhouse / "simple").absolute().as_uri()
        say(
            "install with:\n  pip install --no-cache-dir --require-hashes "
            f"--index-url {index}/ -r {wheelhouse / 'requirements.lock'}"
        )

    def results(self, outcome: Outcome, plan: Plan | None = None) -> None:
        """Name every step that was to do, how it ended and because of what."""
        self._display.close()
        done = dict.fromkeys(outcome.results)
        say("")
        for name, result in outcome.results.items():
            say(_line(name, result))
        if plan is not None:
            cached = [
                step.id
                for step in plan.steps
                if plan.states[step.id].verdict == "cached" and step.id not in done
            ]
            if cached:
                say(f"  {'cached':<8} {len(cached)} other steps: {', '.join(cached)}")
        for name, result in outcome.results.items():
            if result.status is Status.FAILED:
                complain(f"\nerror: {_story(name, result)}")
        if outcome.interrupted:
            complain(f"\n{outcome.error}")
        say(f"run: {outcome.folder}\nreport: wheelforge report {outcome.folder.name}")


def _line(name: str, result: Result) -> str:
    text = f"  {ENDED[result.status]:<8} {name}"
    if result.seconds >= 0.05:  # noqa: PLR2004 - shorter is noise
        text += f"  {duration(result.seconds)}"
    if result.status is Status.SKIPPED:
        text += f"  {result.detail}"
    return text


def _story(name: str, result: Result) -> str:
    """Why a step failed; for a bug of ours also where."""
    if isinstance(result.error, ForgeError) or result.error is None:
        return result.detail or name
    lines = "".join(traceback.format_exception(result.error))
    return f"{name}: {result.detail}\n{lines}\nThis is a bug in wheelforge {__version__}."


class Plain:
    """One line for each start and end, for files and batch logs; progress at most every 30 s."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._told: dict[str, float] = {}

    def tell(self, event: Event) -> None:
        match event:
            case RunStarted():
                say(f"{len(event.steps)} steps to do, {event.jobs} jobs; run {event.run}")
            case Notice():
                self._say(event.text)
            case StepStarted():
                jobs = f" with {event.jobs} jobs" if event.jobs > 1 else ""
                self._say(f"{event.step} started{jobs}")
            case CommandStarted():
                self._say(f"{event.step}: {event.label}")
            case Progress():
                self._seldom(event.step, f"{event.step}: {fraction(event.done, event.total)}")
            case MemoryPressure():
                self._seldom("memory", pressure(event), first=True)
            case StepFinished():
                self._say(f"{event.step} {ENDED[event.status]} after {duration(event.seconds)}")
            case _:
                pass

    def close(self) -> None:
        """Nothing is held back."""

    def _seldom(self, about: str, text: str, *, first: bool = False) -> None:
        """Say it when nothing was said about it for 30 s; `first`: also the first time."""
        now = time.monotonic()
        if now - self._told.setdefault(about, -math.inf if first else now) >= 30:  # noqa: PLR2004
            self._told[about] = now
            self._say(text)

    def _say(self, text: str) -> None:
        say(f"[{duration(time.monotonic() - self._started):>7}] {text}")


@contextmanager
def console_for() -> Iterator[Console]:
    """A console for the terminal or the file that standard output is."""
    display: Display
    if sys.stdout.isatty() and shutil.get_terminal_size().columns >= 40:  # noqa: PLR2004
        from wheelforge.cli.live import Live

        display = Live()
    else:
        display = Plain()
    try:
        yield Console(display)
    finally:
        display.close()

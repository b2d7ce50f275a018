"""How much memory a compile will need: what it took before, else what others of its kind took.

A claim is a mean and a deviation in bytes. What was measured has no deviation; what is guessed
has that of its kind, so that the sum of many guesses is less uncertain than each of them: two
compiles that may each take anything from 0.1 to 1.5 GB are let in together where 48 of them,
each taken for its worst, would wait for memory that is never used.
"""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from wheelforge import atomic
from wheelforge.broker.unit import Unit

SAME = 1.05  # the same command line takes the same memory, but for what the heap rounds up
SIMILAR = 1.3  # the same output with other flags, or from a changed source
_EVERY = 30.0  # seconds after which what is new is written, for the day the build is interrupted
_PRIOR = 4.0  # how many observations the recipe's estimate is worth


class Claim(NamedTuple):
    """Bytes that a unit will probably hold at most, and how far that may be off."""

    mean: float
    deviation: float = 0.0


class Peak(msgspec.Struct, frozen=True, array_like=True):
    """What one output's compile took last: the sign of its command, bytes, seconds."""

    sign: str
    held: int
    seconds: float
    group: str


@dataclass
class Spread:
    """Mean and deviation of what was seen, starting from an estimate that 95 % stay below."""

    mean: float
    squares: float
    count: float = _PRIOR

    @classmethod
    def below(cls, estimate: float) -> Spread:
        """Half the estimate give or take a quarter of it, so that two deviations reach it."""
        return cls(estimate / 2, _PRIOR * (estimate / 4) ** 2)

    def see(self, value: float) -> None:
        """Welford's update."""
        self.count += 1
        before = value - self.mean
        self.mean += before / self.count
        self.squares += before * (value - self.mean)

    @property
    def claim(self) -> Claim:
        return Claim(self.mean, math.sqrt(self.squares / self.count))


class Claims:
    """What is known of one recipe's units; kept in a file across runs."""

    def __init__(self, file: Path, estimate: int) -> None:
        self._file = file
        self._estimate = estimate
        self._peaks = self._read()
        self._spreads: dict[str, Spread] = {}
        self._news: dict[str, Peak] = {}
        self._saved = time.monotonic()
        for peak in self._peaks.values():
            self._spread(peak.group).see(peak.held)

    def of(self, unit: Unit) -> Claim:
        """What a unit (paths relative to its work folder) will need."""
        peak = self._peaks.get(unit.output)
        if peak is None:
            return self._spread(unit.group).claim
        return Claim(peak.held * (SAME if peak.sign == unit.sign else SIMILAR))

    def note(self, unit: Unit, held: int, seconds: float) -> None:
        """A unit ended well: the bytes its largest process held, and how long it ran."""
        if unit.output not in self._peaks:
            self._spread(unit.group).see(held)
        peak = Peak(unit.sign, held, round(seconds, 3), unit.group)
        self._peaks[unit.output] = self._news[unit.output] = peak
        if time.monotonic() - self._saved > _EVERY:
            self.save()

    def save(self) -> None:
        """Write what is new; losing it costs only the quality of the next guesses."""
        if self._news:
            with suppress(OSError):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                atomic.write(self._file, msgspec.json.encode({**self._read(), **self._news}))
            self._news.clear()
        self._saved = time.monotonic()

    def _spread(self, group: str) -> Spread:
        if group not in self._spreads:
            self._spreads[group] = Spread.below(self._estimate)
        return self._spreads[group]

    def _read(self) -> dict[str, Peak]:
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, Peak])
        return {}

"""Packs the units of a step into lanes, no two at the same time in one, as job slots would be."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import msgspec

from wheelforge.events import UnitFinished


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn as one bar: a unit, or several short ones in a row; `longest` speaks for all.

    `seconds` is what they took together, `peak` the most any of them held.
    """

    lane: int
    start: float
    end: float
    count: int
    seconds: float
    peak: int
    longest: UnitFinished

    @property
    def kind(self) -> str:
        """What it is drawn as: failed, retried, or the unit's kind."""
        if self.longest.code != 0:
            return "failed"
        if self.longest.attempts > 1:
            return "retried"
        return self.longest.kind if self.longest.kind in {"compile", "link"} else "other"


def pack(units: Sequence[UnitFinished]) -> list[Block]:
    """One block for each unit that ran, in the lowest lane that is free at its start."""
    free: list[int] = []
    busy: list[tuple[float, int]] = []
    blocks = []
    for unit in sorted(units, key=_start):
        start = _start(unit)
        while busy and busy[0][0] <= start + 1e-6:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (unit.at, lane))
        blocks.append(
            Block(
                lane=lane,
                start=start,
                end=unit.at,
                count=1,
                seconds=unit.seconds,
                peak=unit.peak,
                longest=unit,
            )
        )
    return blocks


def coarse(blocks: Sequence[Block], most: int, seconds: float) -> list[Block]:
    """At most about `most` blocks: neighbours in a lane are merged while they are short.

    Short is `seconds` at first, then twice as much until it suffices. What failed or was tried
    again stays by itself, as long as there is not too much of that.
    """
    found = list(blocks)
    while len(found) > most:
        merged = _merged(found, seconds)
        if len(merged) == len(found) and seconds > max(block.end for block in found):
            break
        found, seconds = merged, seconds * 2
    return found


def _merged(blocks: Sequence[Block], seconds: float) -> list[Block]:
    last: dict[int, Block] = {}
    done = []
    for block in blocks:
        before = last.get(block.lane)
        if before is not None and _alike(before, block) and block.end - before.start <= seconds:
            last[block.lane] = _joined(before, block)
            continue
        if before is not None:
            done.append(before)
        last[block.lane] = block
    return sorted([*done, *last.values()], key=lambda block: (block.start, block.lane))


def _alike(one: Block, other: Block) -> bool:
    return one.kind == other.kind


def _joined(one: Block, other: Block) -> Block:
    longest = max(one.longest, other.longest, key=lambda unit: unit.seconds)
    return Block(
        lane=one.lane,
        start=one.start,
        end=other.end,
        count=one.count + other.count,
        seconds=one.seconds + other.seconds,
        peak=max(one.peak, other.peak),
        longest=longest,
    )


def _start(unit: UnitFinished) -> float:
    return max(0.0, unit.at - unit.seconds)

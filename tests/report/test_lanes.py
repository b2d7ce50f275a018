from __future__ import annotations

import itertools
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from wheelforge.events import UnitFinished
from wheelforge.report.lanes import Block, coarse, pack


def unit(start: float, seconds: float, code: int = 0) -> UnitFinished:
    return UnitFinished(
        at=start + seconds, step="build:a", kind="compile", source="a.c", output="a.o", waited=0.0,
        seconds=seconds, peak=int(seconds * 10), code=code,
    )  # fmt: skip


UNITS = st.lists(
    st.builds(unit, st.integers(0, 50).map(float), st.integers(1, 20).map(float), st.just(0))
)


def overlapping(blocks: list[Block]) -> list[tuple[Block, Block]]:
    lanes = defaultdict(list)
    for block in blocks:
        lanes[block.lane].append(block)
    return [
        (one, other)
        for mine in lanes.values()
        for one, other in itertools.pairwise(sorted(mine, key=lambda block: block.start))
        if other.start < one.end
    ]


@given(UNITS)
def test_lanes_are_as_many_as_ran_at_once(units: list[UnitFinished]) -> None:
    blocks = pack(units)
    assert sum(block.count for block in blocks) == len(units)
    assert not overlapping(blocks)
    at_once = max(
        (
            sum(other.at - other.seconds <= one.at - one.seconds < other.at for other in units)
            for one in units
        ),
        default=0,
    )
    assert len({block.lane for block in blocks}) == at_once


@given(UNITS, st.integers(1, 5))
def test_coarse_blocks_hold_all_units_and_do_not_overlap(
    units: list[UnitFinished], most: int
) -> None:
    fine = pack(units)
    blocks = coarse(fine, most, 0.5)
    assert sum(block.count for block in blocks) == len(units)
    assert not overlapping(blocks)
    lanes = {block.lane for block in fine}
    assert len(blocks) <= max(most, len(lanes))
    assert max((b.peak for b in blocks), default=0) == max((b.peak for b in fine), default=0)


def test_what_failed_stays_by_itself_when_neighbours_are_merged() -> None:
    blocks = coarse(pack([unit(0, 1), unit(1, 1), unit(2, 1, code=1), unit(3, 1)]), 3, 0.1)
    assert [(block.kind, block.count) for block in blocks] == [
        ("compile", 2), ("failed", 1), ("compile", 1),
    ]  # fmt: skip

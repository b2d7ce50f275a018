"""What the fuzzers found, and what leads furthest into the readers, tried again; and changed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from targets import NAMES, kept, target

if TYPE_CHECKING:
    from random import Random

_EXAMPLES = 25


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_does_no_harm(name: str) -> None:
    paths = kept(name)
    assert paths
    for path in paths:
        try:
            target(name).check(path.read_bytes())
        except Exception as error:
            error.add_note(f"the input is {path}")
            raise


@cache
def _inputs(name: str) -> list[bytes]:
    return [*target(name).seeds(), *(path.read_bytes() for path in kept(name))]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=_EXAMPLES, suppress_health_check=list(HealthCheck))
@given(st.data(), st.randoms(use_true_random=False))
def test_changes_of_it_do_none_either(name: str, data: st.DataObject, dice: Random) -> None:
    changed = data.draw(st.sampled_from(_inputs(name)))
    for _ in range(data.draw(st.integers(1, 3))):
        changed = target(name).mutated(changed, dice)
    target(name).check(changed)


@pytest.mark.parametrize("name", NAMES)
def test_seeds_are_good_inputs(name: str) -> None:
    """No mutation gets far from an input that is refused at once."""
    for seed in target(name).seeds():
        target(name).check(seed)

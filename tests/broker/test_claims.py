from __future__ import annotations

import math
import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from racing import race
from wheelforge.broker.claims import SAME, SIMILAR, Claim, Claims, Spread
from wheelforge.broker.unit import Unit

MIB = 1 << 20


def unit(output: str = "build/a.o", sign: str = "1", group: str = "compile c++") -> Unit:
    return Unit("compile", group, "src/a.cc", output, sign, tracked=False)


@pytest.fixture
def claims(tmp_path: Path) -> Claims:
    return Claims(tmp_path / "peaks" / "demo.json", 400 * MIB)


def test_what_was_never_seen_is_half_the_estimate_and_two_deviations_reach_it(
    claims: Claims,
) -> None:
    claim = claims.of(unit())
    assert claim.mean == 200 * MIB
    assert claim.mean + 2 * claim.deviation == pytest.approx(400 * MIB)


def test_the_same_command_takes_the_same_and_a_similar_one_a_little_more(claims: Claims) -> None:
    claims.note(unit(), 100 * MIB, 2.0)
    assert claims.of(unit()) == Claim(100 * MIB * SAME)
    assert claims.of(unit(sign="2")) == Claim(100 * MIB * SIMILAR)
    claims.note(unit(sign="2"), 50 * MIB, 2.0)  # what it took last counts
    assert claims.of(unit(sign="2")) == Claim(50 * MIB * SAME)


def test_others_of_its_kind_tell_what_an_unknown_one_takes(claims: Claims) -> None:
    before = claims.of(unit("x.o"))
    for number in range(50):
        claims.note(unit(f"{number}.o"), 40 * MIB, 1.0)
    after = claims.of(unit("x.o"))
    assert 40 * MIB < after.mean < 0.3 * before.mean
    assert after.deviation < before.deviation
    assert claims.of(unit("x.o", group="link")) == before
    for _ in range(100):  # an output counts once, however often it is made
        claims.note(unit("0.o"), 4000 * MIB, 1.0)
    assert claims.of(unit("x.o")) == after


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=30))
def test_mean_and_deviation_are_those_of_the_textbook(values: list[float]) -> None:
    spread = Spread(0.0, 0.0, 0.0)
    for value in values:
        spread.see(value)
    scale = max(values) + 1.0
    assert spread.claim.mean == pytest.approx(statistics.fmean(values), abs=1e-9 * scale)
    assert spread.claim.deviation == pytest.approx(statistics.pstdev(values), abs=1e-6 * scale)


@given(st.integers(0, 1 << 40), st.lists(st.integers(0, 1 << 40), max_size=20))
def test_the_estimate_counts_as_four_observations(estimate: int, values: list[int]) -> None:
    spread = Spread.below(estimate)
    for value in values:
        spread.see(value)
    prior = [estimate / 4, estimate * 3 / 4] * 2  # their mean is a half, their deviation a quarter
    scale = max([estimate, *values]) + 1.0
    assert spread.claim.mean == pytest.approx(statistics.fmean([*prior, *values]), abs=1e-9 * scale)
    wanted = statistics.pstdev([*prior, *values])
    assert spread.claim.deviation == pytest.approx(wanted, abs=1e-6 * scale)
    assert not math.isnan(spread.claim.deviation)


def test_the_next_run_knows_it(tmp_path: Path) -> None:
    file = tmp_path / "new" / "demo.json"
    first = Claims(file, 400 * MIB)
    first.save()
    assert not file.exists()  # there is nothing to say
    first.note(unit(), 100 * MIB, 1.0)
    first.note(unit("b.o"), 300 * MIB, 1.0)
    first.save()
    second = Claims(file, 400 * MIB)
    for other in (unit(), unit(sign="2"), unit("b.o"), unit("x.o")):
        assert second.of(other) == first.of(other)


def test_what_is_learned_is_written_while_the_step_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build of hours that is killed would guess all over again."""
    file = tmp_path / "demo.json"
    claims = Claims(file, 400 * MIB)
    claims.note(unit("a.o"), 100 * MIB, 2.0)
    assert not file.exists()  # not after every unit
    monkeypatch.setattr("wheelforge.broker.claims._EVERY", 0.0)
    claims.note(unit("b.o"), 100 * MIB, 2.0)
    after = Claims(file, 400 * MIB)
    assert {after.of(unit(name)) for name in ("a.o", "b.o")} == {Claim(100 * MIB * SAME)}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"a.o": 1}', b'{"a.o": ["s", "x", 1, "g"]}', b"\xff\xfe{}"]
)
def test_a_damaged_file_costs_nothing_but_what_was_in_it(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "demo.json"
    file.write_bytes(content)
    claims = Claims(file, 400 * MIB)
    assert claims.of(unit()).mean == 200 * MIB
    claims.note(unit(), MIB, 1.0)
    claims.save()
    assert Claims(file, 400 * MIB).of(unit()) == Claim(MIB * SAME)


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    claims = Claims(tmp_path / "file" / "demo.json", 1)
    claims.note(unit(), MIB, 1.0)
    claims.save()
    assert claims.of(unit()) == Claim(MIB * SAME)


def test_a_name_that_is_no_text_is_kept_like_others(tmp_path: Path) -> None:
    """A file name may hold any byte; what the kernel gives is told in surrogates."""
    claims = Claims(tmp_path / "demo.json", 1)
    odd = Unit("compile", "compile c", "/w/a\udcff.c", "/w/a\udcff.o", "1", tracked=False)
    claims.note(odd.beside("/w"), MIB, 1.0)
    claims.save()
    assert Claims(tmp_path / "demo.json", 1).of(odd.beside("/w")) == Claim(MIB * SAME)


def test_two_runs_add_to_one_file(tmp_path: Path) -> None:
    """Each writes what is new to it over what the other wrote meanwhile, one after the other."""
    file = tmp_path / "demo.json"
    one, two = Claims(file, 1), Claims(file, 1)
    one.note(unit("one.o"), MIB, 1.0)
    two.note(unit("two.o"), 2 * MIB, 1.0)
    one.save()
    two.save()
    both = Claims(file, 1)
    assert both.of(unit("one.o")) == Claim(MIB * SAME)
    assert both.of(unit("two.o")) == Claim(2 * MIB * SAME)


def test_processes_that_save_at_once_leave_a_whole_file(tmp_path: Path) -> None:
    code = """
from pathlib import Path
from wheelforge.broker.claims import Claims
from wheelforge.broker.unit import Unit
claims = Claims(Path(sys.argv[1]), 1)
unit = Unit("compile", "compile c", "a.c", sys.argv[2] + ".o", "1", False)
go()
for _ in range(20):
    claims.note(unit, 1000, 1.0)
    claims.save()
    Claims(Path(sys.argv[1]), 1).of(unit)
"""
    race(code, 3, tmp_path / "demo.json")
    found = Claims(tmp_path / "demo.json", 1)
    known = [found.of(unit(f"{number}.o", "1")) == Claim(1000 * SAME) for number in range(3)]
    assert any(known)

"""Verify and sign a wheelhouse as builds leave it; every byte of it counts."""

from __future__ import annotations

import json
import random
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_wheels import make_wheel
from scripted import Yard
from wheelforge import provenance, signing
from wheelforge.errors import ForgeError, InputError, RejectedError
from wheelforge.pipeline import Home
from wheelforge.pipeline.house import RECORD, read_house
from wheelforge.pipeline.trust import sign, verify
from wheelforge.sbom import NAME, record_of
from wheelforge.verify import sums

if TYPE_CHECKING:
    from pathlib import Path

WHEEL = "demo-1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Yard:
    """A signed wheelhouse with two wheels that were built, and one that was not."""
    root = tmp_path_factory.mktemp("trust")
    yard = Yard(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHEELFORGE_HOME", str(yard.home))
        make_wheel(root / "links", "helper", "1.0")
        patch.setenv("PIP_FIND_LINKS", str(root / "links"))
        patch.setenv("PIP_NO_INDEX", "1")
        yard.wheel("demo", '[trial]\nrequires = ["helper==1.0"]\n[[checks]]\ntype = "python"\n'
                   'name = "works"\ncode = "import demo"\n', requires=["helper"])  # fmt: skip
        yard.wheel("more", '[depends]\ndemo = "*"\n')
        yard.build("more", "demo")
        signing.generate(root / "key")
        sign(yard.wheelhouse, signing.private(root / "key"), Home.open())
    return yard


@pytest.fixture
def house(built: Yard, tmp_path: Path) -> Path:
    """A copy to be spoilt."""
    return shutil.copytree(built.wheelhouse, tmp_path / "house")


def agreed(house: Path, key: signing.Key | None = None) -> list[str]:
    told: list[str] = []
    verify(house, Home.open(), told.append, key=key, install=False)
    return told


def refused(house: Path, key: signing.Key | None = None) -> str:
    with pytest.raises(ForgeError) as caught:
        agreed(house, key)
    assert caught.value.where.startswith(str(house))
    return str(caught.value)


def resealed(house: Path) -> Path:
    """As somebody would leave it who changes a file and knows of SHA256SUMS."""
    sums.write(house)
    return house


def test_all_that_a_build_leaves_agrees(built: Yard) -> None:
    house = built.wheelhouse
    key = signing.public(built.root / "key.pub")
    told = agreed(house, key)
    assert told[0] == "lock, wheels and index agree: 3 packages"
    assert told[1] == "provenance and RECORDs agree: 2 wheels built here"
    assert told[2].startswith("helper-1.0-py3-none-any.whl: not built here")
    assert told[3] == f"4 files are signed by {key.id[:16]}"
    found = read_house(house)
    assert found is not None
    assert set(found.provenance) == {WHEEL, "more-1.0-py3-none-any.whl"}
    assert not (house / f"helper-1.0-py3-none-any.whl{provenance.SUFFIX}").exists()
    for name in found.provenance:
        assert any(path.endswith(f"/{NAME}") for path in record_of(house / name))


def flipped(path: Path, at: int, bit: int) -> bytes:
    good = path.read_bytes()
    bad = bytearray(good)
    bad[at % len(good)] ^= 1 << bit
    path.write_bytes(bad)
    return good


def names(built: Yard) -> list[str]:
    house = built.wheelhouse
    return sorted(
        path.relative_to(house).as_posix()
        for path in house.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    )


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_one_flipped_bit_anywhere_is_found(built: Yard, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(names(built)))
    path = built.wheelhouse / name
    at = data.draw(st.integers(0, path.stat().st_size - 1))
    good = flipped(path, at, data.draw(st.integers(0, 7)))
    try:
        assert _named(built.wheelhouse) == [name]
    finally:
        path.write_bytes(good)


def test_a_flip_in_every_part_of_every_file(built: Yard) -> None:
    """The first and the last byte, and some of each tenth of it."""
    chance = random.Random(7)  # noqa: S311 - the same places every time
    tried = set()
    for name in names(built):
        path = built.wheelhouse / name
        size = path.stat().st_size
        places = {0, size - 1, *(chance.randrange(part * size // 10, (part + 1) * size // 10 + 1)
                                 for part in range(10))}  # fmt: skip
        for at in places:
            good = flipped(path, at, chance.randrange(8))
            try:
                assert _named(built.wheelhouse) == [name]
            finally:
                path.write_bytes(good)
        tried.add(path.suffix)
    assert tried >= {".whl", ".json", ".dsse", ".toml", ".lock", ".html", ".metadata", ""}


def _named(house: Path) -> list[str]:
    """The files an error is about: where it is, or its lines."""
    with pytest.raises(RejectedError) as caught:
        agreed(house)
    lines = caught.value.what.splitlines()[1:]
    return [line.strip().partition(": ")[0] for line in lines]


def _swapped(house: Path) -> None:
    """Another wheel under the name of one that was built, with lock and index made for it."""
    from wheelforge import index, lock

    make_wheel(house, "demo", requires=["helper"], files={"demo_more.py": "import this"})
    lock.write(house, sorted(house.glob("*.whl")), requires_python=">=3.11")
    index.write(house)


def test_another_wheel_with_a_lock_and_an_index_of_its_own(house: Path) -> None:
    _swapped(house)
    resealed(house)
    said = refused(house)
    assert f"{WHEEL}: its sha256 is" in said
    assert f"{WHEEL}{provenance.SUFFIX} says" in said


def test_and_with_provenance_made_up_there_is_still_the_signature(house: Path, built: Yard) -> None:
    _swapped(house)
    from wheelforge.digest import of_file

    file = provenance.place(house / WHEEL)
    statement = json.loads(file.read_bytes())
    statement["subject"][0]["digest"]["sha256"] = of_file(house / WHEEL)
    file.write_text(json.dumps(statement))
    record = json.loads((house / RECORD).read_bytes())
    record["provenance"][WHEEL] = of_file(file)
    (house / RECORD).write_text(json.dumps(record))
    resealed(house)
    assert agreed(house)
    key = signing.public(built.root / "key.pub")
    said = refused(house, key)
    assert f"{file.name}: was changed since it was signed" in said
    assert "requirements.lock: was changed since it was signed" in said


def _without(house: Path, name: str) -> None:
    (house / name).unlink()


def test_provenance_that_is_gone(house: Path) -> None:
    _without(house, f"{WHEEL}{provenance.SUFFIX}")
    assert f"{WHEEL}{provenance.SUFFIX}: cannot be read" in refused(resealed(house))


def test_provenance_of_a_wheel_that_nobody_built(house: Path) -> None:
    other = f"helper-1.0-py3-none-any.whl{provenance.SUFFIX}"
    shutil.copy(house / f"{WHEEL}{provenance.SUFFIX}", house / other)
    assert f"{other}: it is about a wheel that was not built here" in refused(resealed(house))


def test_provenance_of_another_wheel(house: Path) -> None:
    other = f"more-1.0-py3-none-any.whl{provenance.SUFFIX}"
    shutil.copy(house / other, house / f"{WHEEL}{provenance.SUFFIX}")
    said = refused(resealed(house))
    assert f"{WHEEL}{provenance.SUFFIX}: it is about more-1.0" in said
    assert f"{WHEEL}{provenance.SUFFIX}: it is not the one that was written" in said


def test_a_record_that_knows_other_packages_than_the_lock(house: Path) -> None:
    record = json.loads((house / RECORD).read_bytes())
    del record["wheels"]["helper"]
    (house / RECORD).write_text(json.dumps(record))
    said = refused(resealed(house))
    assert f"{RECORD} and requirements.lock disagree about helper" in said


def test_signatures_that_are_missing_or_another_keys(house: Path, tmp_path: Path) -> None:
    public, _ = signing.generate(tmp_path / "other")
    said = refused(house, signing.public(public))
    assert said.count("is not signed by the key") == 4
    for path in house.glob(f"*{signing.SUFFIX}"):
        path.unlink()
    said = refused(resealed(house), signing.public(public))
    assert said.count(": is not signed\n") == 4


def test_nobody_signs_what_does_not_agree(house: Path, built: Yard) -> None:
    signer = signing.private(built.root / "key")
    before = {path: path.read_bytes() for path in house.rglob("*") if path.is_file()}
    sign(house, signer, Home.open())
    assert {path: path.read_bytes() for path in house.rglob("*") if path.is_file()} == before
    flipped(house / "pylock.toml", 3, 0)
    with pytest.raises(RejectedError, match=r"pylock\.toml: it was altered"):
        sign(house, signer, Home.open())


def test_what_wheelforge_did_not_write(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it is not a wheelhouse"):
        agreed(tmp_path)


def test_a_wheelhouse_of_before_there_were_sums(house: Path) -> None:
    _without(house, sums.SUMS)
    assert f"{sums.SUMS}: there is no such file" in refused(house)


def test_a_build_takes_away_signatures_that_do_not_fit_any_more(built: Yard, yard: Yard) -> None:
    yard.wheel("demo")
    yard.build("demo")
    signer = signing.private(built.root / "key")
    sign(yard.wheelhouse, signer, Home.open())
    before = {path.name for path in yard.wheelhouse.glob(f"*{signing.SUFFIX}")}
    assert not yard.build("demo").changed
    assert {path.name for path in yard.wheelhouse.glob(f"*{signing.SUFFIX}")} == before
    yard.wheel("other")
    yard.build("other")
    left = {path.name for path in yard.wheelhouse.glob(f"*{signing.SUFFIX}")}
    assert left == {f"{WHEEL}{provenance.SUFFIX}{signing.SUFFIX}"}
    assert "requirements.lock: is not signed" in refused(yard.wheelhouse, signer.key)

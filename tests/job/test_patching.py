"""Patches of a source package are applied before the recipe's own, and strictly."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

import pytest

from jobs import Bench, build_step, shell, source
from wheelforge.errors import BuildError, InputError
from wheelforge.graph import Unpack
from wheelforge.pin import PinnedPatch, PinnedSource
from wheelforge.recipe import DebianPatches, DebianSource, Install, PathSource

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("patch") is None, reason="patch is not installed")


def patch(name: str, old: str, new: str) -> str:
    return f"--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-{old}\n+{new}\n"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench with the packaging of `text` → `one` → `two`, and `two` → `wrong`."""
    made = Bench(tmp_path)
    folder = tmp_path / "debian" / "patches"
    folder.mkdir(parents=True)
    (folder / "series").write_text("one.patch\ntwo.patch\nwrong.patch\n")
    for name, old, new in (("one", "text", "one"), ("two", "one", "two"), ("wrong", "two", "x")):
        (folder / f"{name}.patch").write_text(patch("file", old, new))
    monkeypatch.setattr(PinnedSource, "without", ("wrong.patch",))
    return made


def packaging(bench: Bench, at: str = "debian") -> Unpack:
    """The folder debian as a source; what is fetched and what is left out was decided before."""
    pinned = PinnedSource(
        recipe="demo",
        version="1.0",
        source=PathSource(path=str(bench.root / "debian")),
        identity="",
        at=at,
        series=True,
    )
    return Unpack(source=pinned, strip=1)


def test_they_are_applied_in_order_and_then_the_recipes_own(bench: Bench) -> None:
    own = bench.root / "own.patch"
    own.write_text(patch("file", "two", "three"))
    sha256 = hashlib.sha256(own.read_bytes()).hexdigest()
    step = build_step(
        shell("use", "cp file made"),
        unpack=(bench.source, packaging(bench)),
        patches=(PinnedPatch(file=str(own), sha256=sha256, strip=1),),
        install=Install(keep=("made",)),
    )
    assert (bench.build(step).path / "made").read_text() == "three\n"


def test_those_of_a_nested_source_are_applied_there(bench: Bench) -> None:
    step = build_step(
        shell("use", "cat file sub/file > made"),
        unpack=(bench.source, source(bench.tree, at="sub"), packaging(bench, "sub/debian")),
        install=Install(keep=("made",)),
    )
    assert (bench.build(step).path / "made").read_text() == "text\ntwo\n"


def test_one_that_does_not_fit_ends_the_build(bench: Bench) -> None:
    (bench.tree / "file").write_text("other\n")
    step = build_step(shell("use", "true"), unpack=(bench.source, packaging(bench)))
    with pytest.raises(BuildError, match=r"demo: one\.patch failed"):
        bench.build(step)


def test_what_is_left_out_is_the_sources_to_say() -> None:
    made = DebianSource(
        package="demo", suite="x", release={}, sha256={},
        patches=DebianPatches(sha256={}, without=("a",)),
    )  # fmt: skip
    pinned = PinnedSource(recipe="demo", version="1.0", source=made, identity="", at="debian")
    assert pinned.without == ()
    assert PinnedSource(
        recipe="demo", version="1.0", source=made, identity="", at="debian", series=True
    ).without == ("a",)


@pytest.mark.parametrize("name", ["../../escaped", "out/escaped"])
def test_one_that_leads_outside_is_not_applied(bench: Bench, name: str) -> None:
    (bench.tree / "out").symlink_to(bench.root)
    (bench.root / "escaped").write_text("text\n")
    (bench.root / "debian/patches/one.patch").write_text(patch(name, "text", "x"))
    step = build_step(shell("use", "true"), unpack=(bench.source, packaging(bench)))
    with pytest.raises(InputError, match="the patch is refused"):
        bench.build(step)
    assert (bench.root / "escaped").read_text() == "text\n"

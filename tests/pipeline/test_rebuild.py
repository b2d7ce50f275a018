"""A wheel is built again from its provenance, and what is not as it was is told."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from fake_wheels import flip_byte, make_wheel
from wheelforge import cli, provenance
from wheelforge.digest import of_file
from wheelforge.errors import InputError, RejectedError
from wheelforge.events import Status
from wheelforge.pipeline import Limits
from wheelforge.pipeline.again import Hints
from wheelforge.pipeline.rebuild import Rebuilt, rebuild

if TYPE_CHECKING:
    from pathlib import Path

    from scripted import Yard


@pytest.fixture
def wheel(yard: Yard) -> Path:
    """A wheel that depends on a library, built."""
    yard.library("lib")
    yard.wheel("demo", '[depends]\nlib = "*"\n')
    yard.build("demo")
    return yard.wheelhouse / "demo-1.0-py3-none-any.whl"


def again(yard: Yard, wheel: Path, **more: Any) -> tuple[Rebuilt, list[str]]:
    told: list[str] = []
    hints = Hints(toolchain=str(yard.toolchain), recipes=(yard.recipes,), offline=True)
    keep = more.pop("keep", None)
    done = rebuild(
        wheel,
        more.pop("hints", hints),
        Limits(jobs=2, memory=1 << 40),
        lambda _event: None,
        keep=keep,
        show=lambda _plan, changes: told.extend(changes),
    )
    return done, told


def test_everything_is_built_anew_and_comes_out_the_same(yard: Yard, wheel: Path) -> None:
    store = sorted((yard.home / "store").iterdir())
    done, told = again(yard, wheel)
    assert done.same
    assert told == []
    assert done.left == ()
    assert done.comparison is not None
    assert done.comparison.equal
    assert {name: item.status for name, item in done.outcome.results.items()} == dict.fromkeys(
        ("build:lib", "build:demo", "repair:demo"), Status.BUILT
    )
    assert sorted((yard.home / "store").iterdir()) == store
    assert list((yard.home / "rebuild").iterdir()) == []


def test_only_what_the_wheel_came_of_is_built(yard: Yard, wheel: Path) -> None:
    yard.wheel("other")
    yard.build("demo", "other")
    done, _ = again(yard, wheel)
    assert done.same
    assert "build:other" not in done.outcome.results


def test_a_source_that_changed(yard: Yard, wheel: Path, tmp_path: Path) -> None:
    make_wheel(yard.root / "sources/demo", "demo", files={"demo.py": "VERSION = 'new'\n"})
    done, told = again(yard, wheel, keep=tmp_path / "new")
    (change,) = told
    assert change.startswith("build:demo: source.demo: tree:")
    assert not done.same
    assert done.comparison is not None
    assert "demo.py" in [item.name for item in done.comparison.differences]
    assert "build:demo left something else" in done.left
    assert of_file(tmp_path / "new" / wheel.name) == done.again


def test_a_compiler_and_a_recipe_that_changed(yard: Yard, wheel: Path) -> None:
    compiler = yard.root / "cc"
    compiler.write_text(compiler.read_text().replace("13.2.0", "13.3.0"))
    recipe = yard.recipes / "lib.toml"
    recipe.write_text(recipe.read_text().replace("echo made", "echo Made"))
    done, told = again(yard, wheel)
    assert any(
        text.startswith("compiler cc: pkg:generic/gcc@13.2.0") and "gcc@13.3.0" in text
        for text in told
    )
    assert any(text.startswith("recipe lib: ") for text in told)
    assert any(text.startswith("build:lib: compiler.cc: gcc 13.2.0") for text in told)
    assert done.left == ("build:lib left something else", "repair:demo left something else")
    assert done.comparison is not None
    names = {item.name.rpartition("/")[2] for item in done.comparison.differences}
    assert names == {"RECORD", "wheelforge.cdx.json"}  # the bill names the compiler


def test_what_cannot_be_had_here(yard: Yard, wheel: Path) -> None:
    with pytest.raises(InputError, match="fake"):
        again(yard, wheel, hints=Hints(recipes=(yard.recipes,)))
    with pytest.raises(InputError, match="folder of recipes 'recipes' is not here") as caught:
        again(yard, wheel, hints=Hints(toolchain=str(yard.toolchain)))
    assert caught.value.remedy == "say where it is: --recipes PATH/recipes"
    (yard.recipes / "lib.toml").unlink()
    with pytest.raises(InputError, match="lib"):
        again(yard, wheel)
    assert list((yard.home / "rebuild").iterdir()) == []


def test_a_source_that_was_given_by_hand(yard: Yard, tmp_path: Path) -> None:
    source = yard.wheel("demo")
    own = tmp_path / "own"
    shutil.copytree(source, own)
    (own / "more").write_text("more")
    assert yard.run("build", "demo", "--source", f"demo={own}").code == 0
    wheel = yard.wheelhouse / "demo-1.0-py3-none-any.whl"
    with pytest.raises(InputError, match="the source of demo was given by hand"):
        again(yard, wheel)
    known = Hints(
        toolchain=str(yard.toolchain), recipes=(yard.recipes,), offline=True, sources={"demo": own}
    )
    assert again(yard, wheel, hints=known)[1] == []
    (own / "more").write_text("other")
    told = again(yard, wheel, hints=known)[1]
    assert any(text.startswith("source demo: tree:") for text in told)


def test_a_build_that_fails_leaves_its_folder(yard: Yard, wheel: Path) -> None:
    recipe = yard.recipes / "lib.toml"
    recipe.write_text(recipe.read_text().replace("echo made > made", "exit 9"))
    done, _ = again(yard, wheel)
    assert done.outcome.exit_code == 2
    assert not done.same
    assert done.outcome.folder.is_relative_to(yard.home / "rebuild")
    assert (done.outcome.folder / "logs").is_dir()


def test_without_provenance_or_with_that_of_another_wheel(yard: Yard, wheel: Path) -> None:
    place = provenance.place(wheel)
    flip_byte(wheel, b"VERSION")
    with pytest.raises(RejectedError, match="not the wheel that its provenance is about"):
        again(yard, wheel)
    place.write_text("{}")
    with pytest.raises(RejectedError, match="is no provenance"):
        again(yard, wheel)
    place.unlink()
    with pytest.raises(InputError, match="there is no provenance of it"):
        again(yard, wheel)
    with pytest.raises(InputError, match="is not there"):
        again(yard, wheel.with_name("none.whl"))


def test_the_command(yard: Yard, wheel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["rebuild", str(wheel), "--toolchain", str(yard.toolchain), "--offline"]
    words += ["--recipes", str(yard.recipes)]
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    assert "all inputs are as its provenance says" in said
    assert f"the same bytes: sha256:{of_file(wheel)}" in said
    make_wheel(yard.root / "sources/demo", "demo", files={"demo.py": "VERSION = 'new'\n"})
    assert cli.main([*words, "--compare"]) == 3
    said = capsys.readouterr().out
    assert "not as it was: build:demo: source.demo: tree:" in said
    assert "demo.py: differs" in said
    assert "line 1: 'VERSION = '1.0'" in said
    assert cli.main(words) == 3
    assert "--compare shows what differs" in capsys.readouterr().out

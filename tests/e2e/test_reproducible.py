"""The same plan in another place, on another day, for another user: the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import Forge
from elsewhere import UnavailableError, elsewhere
from wheelforge.compare import compare
from wheelforge.digest import of_file
from wheelforge.provenance import place
from wheelforge.store import Store

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LIBRARIES = ("miniacl", "miniblas")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Forge:
    forge = Forge(tmp_path_factory.mktemp("here"))
    forge.good("build", "minitorch", "--no-verify", "-j2")
    return forge


def _libraries(home: Path) -> dict[str, Path]:
    entries = Store(home / "store").entries()
    return {entry.manifest.name: entry.path for entry in entries
            if entry.manifest.step in {f"build:{name}" for name in LIBRARIES}}  # fmt: skip


def test_another_place_day_user_umask_and_number_of_jobs(here: Forge, tmp_path: Path) -> None:
    there = Forge(tmp_path / "a-much-longer-name" / "of-another-folder")
    there.home.mkdir(parents=True)
    try:
        other = elsewhere(tmp_path / "other", days=400)
    except UnavailableError as error:
        pytest.skip(str(error))
    build = ["build", "minitorch", "--wheelhouse", str(there.wheelhouse), "--no-verify", "-j1"]
    # its home is gone with its file system: what is compared is copied out
    script = f'"$@" && cp -a {there.home}/store {tmp_path}/store'
    words = ("sh", "-c", script, "sh", sys.executable, "-m", "wheelforge")
    argv = other.argv(*words, memory=there.home)
    env = {**other.env, "WHEELFORGE_HOME": str(there.home)}
    done = subprocess.run([*argv, *build], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    wheels = sorted(path.name for path in here.wheelhouse.glob("*.whl"))
    assert [name.partition("-")[0] for name in wheels] == ["minitorch", "minivision"]
    for name in wheels:
        found = compare(here.wheelhouse / name, there.wheelhouse / name)
        assert found.equal, found
        assert of_file(here.wheelhouse / name) == of_file(there.wheelhouse / name)
        ours, theirs = (place(side.wheelhouse / name) for side in (here, there))
        assert ours.read_bytes() == theirs.read_bytes()
    ours, theirs = _libraries(here.home), _libraries(tmp_path)
    assert sorted(ours) == sorted(theirs) == sorted(LIBRARIES)
    for name, folder in ours.items():
        found = compare(folder, theirs[name])
        assert found.equal, found
        assert not found.notes  # not even their own paths are in them


def test_rebuild_from_the_provenance(here: Forge) -> None:
    wheel = next(here.wheelhouse.glob("minivision-*.whl"))
    said = here.good("rebuild", wheel, "--compare")
    assert "all inputs are as its provenance says" in said
    assert "built    build:miniacl" in said or "build:miniacl built" in said
    assert f"the same bytes: sha256:{of_file(wheel)}" in said
    assert not list((here.home / "rebuild").iterdir())


def test_rebuild_tells_of_a_recipe_that_changed_and_of_what_came_of_it(tmp_path: Path) -> None:
    overlay = tmp_path / "site"
    overlay.mkdir()
    (overlay / "miniblas.toml").write_text('[build.options]\nNUM_THREADS = "12"\n')
    forge = Forge(tmp_path / "forge")
    forge.root.mkdir()
    forge.good("build", "minitorch", "--only", "--no-verify", "--overlay", overlay)
    wheel = next(forge.wheelhouse.glob("minitorch-*.whl"))
    lost = forge.run("rebuild", wheel)
    assert lost.code == 1
    assert "the overlay 'site' is not here" in lost.err
    (overlay / "miniblas.toml").write_text('[build.options]\nNUM_THREADS = "13"\n')
    ran = forge.run("rebuild", wheel, "--json", "--out", tmp_path / "new", "--overlay", overlay)
    assert ran.code == 3, ran.out + ran.err
    told = json.loads(ran.out)
    assert "build:miniblas: build.options.NUM_THREADS: 12 → 13" in told["changes"]
    assert any(text.startswith("recipe miniblas: ") for text in told["changes"])
    assert "build:miniblas left something else" in told["left"]
    names = {item["name"] for item in told["comparison"]["differences"]}
    assert "minitorch/lib/libminiblas.so.0" in names
    assert "minitorch/lib/libmini_compute.so" not in names
    assert of_file(tmp_path / "new" / wheel.name) == told["again"] != told["sha256"]

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from shelves import age, published

from wheelforge import atomic
from wheelforge.errors import InputError
from wheelforge.store import Store, collect, work_lock, write_root

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


class House:
    """A home with three entries, 30 days old; a wheelhouse needs A."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.store = Store(self.home / "store")
        self.wheelhouse = root / "wheelhouse"
        self.wheelhouse.mkdir()
        for key in (A, B, C):
            published(self.store, root, key)
            age(self.place(key), 30)
        write_root(self.home, self.wheelhouse, [A])

    def place(self, key: str) -> Path:
        return self.store.place(key, "demo", "1.0")

    def folder(self, name: str, days: float = 30) -> Path:
        """A folder below home that looks old."""
        path = self.home / name
        path.mkdir(parents=True)
        (path / "plan.json").touch()
        (path / "events.jsonl").touch()
        age(path, days)
        return path

    def collect(self, keep_days: float = 14, *, dry_run: bool = False) -> list[str]:
        found = collect(self.store, self.home, keep_days=keep_days, dry_run=dry_run)
        return sorted(item.path.name for item in found)

    @property
    def left(self) -> str:
        return "".join(key[0] for key in (A, B, C) if self.place(key).exists())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_what_a_wheelhouse_needs_stays_and_the_rest_goes(house: House) -> None:
    gone = house.collect()
    assert gone == [house.place(B).name, house.place(C).name]
    assert house.left == "a"
    assert house.collect() == []


def test_a_dry_run_says_the_same_and_changes_nothing(house: House) -> None:
    before = sorted(house.home.rglob("*"))
    said = house.collect(dry_run=True)
    assert sorted(house.home.rglob("*")) == before
    assert house.collect() == said


def test_garbage_has_age_and_size(house: House) -> None:
    found = collect(house.store, house.home, keep_days=14, dry_run=True)
    assert all(29 < item.days < 31 for item in found)
    assert all(item.size > len("text") for item in found)


def test_a_wheelhouse_that_was_removed_frees_its_results(house: House) -> None:
    shutil.rmtree(house.wheelhouse)
    house.collect(dry_run=True)
    house.wheelhouse.mkdir()  # it was only not mounted, and a dry run forgets nothing
    assert house.place(A).name not in house.collect(dry_run=True)
    house.wheelhouse.rmdir()
    house.collect()
    assert house.left == ""
    assert not list((house.home / "roots").iterdir())


def test_two_wheelhouses(house: House, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write_root(house.home, other, [C])
    house.collect()
    assert house.left == "ac"


def test_young_results_stay(house: House) -> None:
    age(house.place(B), 10)
    house.collect()
    assert house.left == "ab"


def test_a_result_that_is_used_is_young(house: House) -> None:
    house.store.touch(house.place(B))
    house.collect()
    assert house.left == "ab"


def test_a_damaged_entry_goes_unless_it_is_young(house: House) -> None:
    (house.place(A) / "manifest.json").write_text("{")
    house.store.touch(house.place(A))
    assert house.place(A).name not in house.collect()
    age(house.place(A), 30)
    assert house.place(A).name in house.collect()


def test_a_damaged_root_frees_nothing(house: House) -> None:
    [root] = (house.home / "roots").iterdir()
    root.write_text("{")
    with pytest.raises(InputError, match=f"{root.name}: it cannot be read"):
        house.collect()
    assert house.left == "abc"


def test_old_work_and_runs_go_and_young_ones_stay(house: House) -> None:
    old = [house.folder("work/old"), house.folder("runs/old")]
    young = [house.folder("work/young", 1), house.folder("runs/young", 1)]
    changed_inside = house.folder("work/inside")
    (changed_inside / "new").touch()
    age_of_folder = changed_inside / "new"
    assert age_of_folder.exists()
    house.collect()
    assert [path.exists() for path in old] == [False, False]
    assert all(path.exists() for path in (*young, changed_inside))


def test_a_work_folder_that_is_locked_stays_whatever_its_age(house: House) -> None:
    work = house.folder("work/0123456789abcdef0123")
    with work_lock(house.home, work.name):
        house.collect(keep_days=0)
        assert work.exists()
    house.collect(keep_days=0)
    assert not work.exists()


def dead() -> int:
    with subprocess.Popen(["true"]) as child:
        child.wait()
    return child.pid


def of_the_dead(name: str) -> str:
    """A private name whose process is gone."""
    return atomic.private(name).removesuffix(str(os.getpid())) + str(dead())


def test_private_folders_stay_as_long_as_their_process_lives(house: House) -> None:
    mine = house.folder(f"work/{atomic.private('key')}")
    gone = house.folder(f"work/{of_the_dead('key')}")
    publishing = house.folder(f"store/{atomic.private('.part-x')}")
    left = house.folder(f"store/{of_the_dead('.part-x')}")
    away = house.folder(f"store/{of_the_dead('.gone-x')}", 0)
    elsewhere = house.folder("store/.part-x-elsewhere-77", 0.5)
    house.collect(keep_days=0)
    assert [path.exists() for path in (mine, publishing, elsewhere)] == [True] * 3
    assert [path.exists() for path in (gone, left, away)] == [False] * 3


def test_a_run_that_goes_on_keeps_itself_and_all_it_used(house: House) -> None:
    run = house.folder("runs/now", 2)
    house.store.touch(house.place(B))
    with (run / "events.jsonl").open("ab") as events:
        fcntl.flock(events, fcntl.LOCK_EX)
        house.collect(keep_days=0)
        assert run.exists()
        assert house.left == "ab"
    house.collect(keep_days=0)
    assert not run.exists()
    assert house.left == "a"


def test_an_empty_home(tmp_path: Path) -> None:
    assert collect(Store(tmp_path / "store"), tmp_path, keep_days=0, dry_run=False) == []
    assert not list(tmp_path.iterdir())

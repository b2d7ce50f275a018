from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from shelves import KEY, manifest, published, tree

from racing import race
from wheelforge import atomic
from wheelforge.errors import InputError
from wheelforge.store import EVIDENCE, MANIFEST, Entry, Store

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def entry(store: Store, tmp_path: Path) -> Entry:
    return published(store, tmp_path)


def find(store: Store, key: str = KEY) -> str:
    """`""` for a good entry, `"absent"`, or what is wrong."""
    found = store.find(key, "demo", "1.0")
    return "" if found.entry else found.fault or "absent"


def test_how_it_was_built_is_kept_beside_it(store: Store, tmp_path: Path) -> None:
    """It changes neither the output, which spares dependents, nor the list of files."""
    plain = store.publish(tree(tmp_path / "one"), manifest("1" * 64))
    known = store.publish(tree(tmp_path / "two"), manifest("2" * 64), b"evidence")
    assert plain.evidence is None
    assert known.evidence == known.path / EVIDENCE
    assert known.evidence.read_bytes() == b"evidence"
    assert known.manifest.output == plain.manifest.output
    assert [item.path for item in known.manifest.files] == [
        item.path for item in plain.manifest.files
    ]
    assert [wrong for _, wrong in store.verify()] == ["", ""]
    known.evidence.write_bytes(b"EVIDENCE")
    os.utime(known.evidence, ns=(0, (known.manifest.evidence or plain.manifest.files[0]).mtime_ns))
    assert [wrong for _, wrong in store.verify()] == [
        "", f"{EVIDENCE} differs from what was built",
    ]  # fmt: skip
    (known.path / "damaged.txt").unlink()
    known.evidence.unlink()
    assert store.find("2" * 64, "demo", "1.0").fault == f"{EVIDENCE} is missing"


def test_what_was_published_is_found_whole(store: Store, entry: Entry) -> None:
    found = store.find(KEY, "demo", "1.0").entry
    assert found == entry
    assert [item.path for item in entry.manifest.files] == [
        "bin/demo",
        "lib/__pycache__/x.pyc",
        "lib/libdemo.so",
        "lib/libdemo.so.1",
    ]
    assert os.access(entry.path / "bin" / "demo", os.X_OK)
    assert (entry.path / "lib" / "libdemo.so").readlink() == Path("libdemo.so.1")
    assert [path.name for path in store.root.iterdir()] == [entry.path.name]
    assert [(path, wrong) for path, wrong in store.verify()] == [(entry.path, "")]


def test_an_unknown_key_is_absent(store: Store) -> None:
    assert find(store) == "absent"
    assert (list(store.entries()), list(store.verify())) == ([], [])


def test_the_output_is_the_content_wherever_it_lives(store: Store, tmp_path: Path) -> None:
    outputs = []
    for number, key in enumerate(("a" * 64, "b" * 64, "c" * 64)):
        folder = tree(tmp_path / str(number))
        own = store.place(key, "demo", "1.0")
        (folder / "prefix.pc").write_text(f"prefix={own}\n{'changed' if number == 2 else ''}")
        outputs.append(store.publish(folder, manifest(key)).manifest.output)
    assert outputs[0] == outputs[1] != outputs[2]


def rewritten(path: Path, text: str) -> None:
    """Other bytes, same size, same time."""
    info = path.stat()
    assert len(text) == info.st_size
    path.write_text(text)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))


def swap_link(folder: Path) -> None:
    (folder / "lib/libdemo.so").unlink()
    (folder / "lib/libdemo.so").symlink_to("libdemo.so.2")


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no manifest": (lambda p: (p / MANIFEST).unlink(), "its manifest cannot be read"),
    "half a manifest": (
        lambda p: (p / MANIFEST).write_bytes((p / MANIFEST).read_bytes()[:-20]),
        "its manifest cannot be read",
    ),
    "no JSON": (lambda p: (p / MANIFEST).write_bytes(b'"\xff'), "its manifest cannot be read"),
    "gone": (lambda p: (p / "bin/demo").unlink(), "bin/demo is missing"),
    "cut": (lambda p: os.truncate(p / "lib/libdemo.so.1", 2), "has 2 bytes instead of 4"),
    "byte": (lambda p: (p / "lib/libdemo.so.1").write_text("teXt"), "differs from what was built"),
    "link": (swap_link, "lib/libdemo.so differs"),
    "mode": (
        lambda p: (p / "bin/demo").write_bytes(b"#!/bin/sh\n") and (p / "bin/demo").chmod(0o644),
        "bin/demo differs",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_found(store: Store, entry: Entry, kind: str) -> None:
    damage, says = DAMAGE[kind]
    damage(entry.path)
    assert says in find(store)
    assert [says in wrong for _, wrong in store.verify()] == [True]


def test_a_manifest_of_another_key_is_damage(store: Store, entry: Entry) -> None:
    other = store.place("f" * 64, "demo", "1.0")
    entry.path.rename(other)
    assert find(store, "f" * 64) == "its manifest cannot be read"


def test_a_byte_changed_behind_size_and_time_is_found_by_verify_and_then_by_find(
    store: Store, entry: Entry
) -> None:
    """`find` trusts size and time, so that planning stays quick; `verify` reads everything."""
    rewritten(entry.path / "lib" / "libdemo.so.1", "teXt")
    assert find(store) == ""
    [(_, wrong)] = store.verify()
    assert wrong == "lib/libdemo.so.1 differs from what was built"
    assert find(store) == wrong
    rewritten(entry.path / "lib" / "libdemo.so.1", "text")
    assert [wrong for _, wrong in store.verify()] == [""]
    assert find(store) == ""


@pytest.mark.parametrize("name", ["lib/more", "lib/__pycache__/y.pyc"])
def test_a_file_too_many_is_found_by_verify(store: Store, entry: Entry, name: str) -> None:
    (entry.path / name).touch()
    assert [wrong for _, wrong in store.verify()] == [f"{name} does not belong to it"]


def test_the_first_to_publish_wins(store: Store, entry: Entry, tmp_path: Path) -> None:
    second = store.publish(tree(tmp_path / "second", "SECOND"), manifest())
    assert second == entry
    assert (entry.path / "lib" / "libdemo.so.1").read_text() == "text"


def test_a_damaged_entry_makes_way_for_a_new_one(
    store: Store, entry: Entry, tmp_path: Path
) -> None:
    (entry.path / MANIFEST).write_text("{")
    store.publish(tree(tmp_path / "second", "SECOND"), manifest())
    assert find(store) == ""
    assert (entry.path / "lib" / "libdemo.so.1").read_text() == "SECOND"
    assert len(list(store.root.iterdir())) == 1


def test_discard(store: Store, entry: Entry) -> None:
    assert [item.key for item in store.of_name("demo")] == [KEY]
    store.discard(entry.path)
    store.discard(entry.path)  # another process may have been quicker
    assert find(store) == "absent"
    assert not list(store.root.iterdir())
    assert store.of_name("demo") == []


def test_special_files_cannot_be_published(store: Store, tmp_path: Path) -> None:
    os.mkfifo(tree(tmp_path / "tree") / "pipe")
    with pytest.raises(InputError, match="pipe: is neither a file"):
        store.publish(tmp_path / "tree", manifest())
    assert not list(store.root.iterdir())


def test_what_a_killed_process_left_of_an_entry_is_cleared(store: Store, tmp_path: Path) -> None:
    store.root.mkdir()
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    name = atomic.private(f".part-{store.place(KEY, 'demo', '1.0').name}")
    mine = str(os.getpid())
    (store.root / name.removesuffix(mine).__add__(str(gone.pid))).mkdir()
    (store.root / f".part-{'f' * 32}-other-1.0-elsewhere-77").mkdir()
    published(store, tmp_path)
    left = [path.name for path in store.root.iterdir() if path.name.startswith(".")]
    assert left == [f".part-{'f' * 32}-other-1.0-elsewhere-77"]


PUBLISH = """
from pathlib import Path
from shelves import KEY, manifest, tree
from wheelforge.store import Store
root, number = Path(sys.argv[1]), sys.argv[2]
folder = tree(root / f"tree-{number}", f"made by {number}")
for extra in range(50):
    (folder / f"file-{extra}").write_text(number * 1000)
store = Store(root / "store")
go()
entry = store.publish(folder, manifest())
assert store.find(KEY, "demo", "1.0").entry == entry
"""


def test_processes_that_publish_the_same_at_once(tmp_path: Path) -> None:
    race(PUBLISH, 4, tmp_path)
    store = Store(tmp_path / "store")
    assert [wrong for _, wrong in store.verify()] == [""]
    assert len(list(store.root.iterdir())) == 1
    assert len({path.read_text() for path in store.root.glob("*/file-*")}) == 1


PUBLISHER = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from shelves import manifest
from wheelforge.store import Store
store = Store(Path(sys.argv[2]))
n = os.getpid() * 1000
print("ready", flush=True)
while True:
    n += 1
    store.publish(Path(sys.argv[1]), manifest(f"{n:016}" * 4))
"""


def test_killed_while_publishing_no_half_entry_is_left(tmp_path: Path) -> None:
    """SIGKILL at random points of a process that does nothing but publish, over and over."""
    dice = random.Random(7)  # noqa: S311
    folder = tree(tmp_path / "tree")
    for number in range(20):
        (folder / f"file-{number}").write_bytes(dice.randbytes(5000))
    store = Store(tmp_path / "store")
    argv = [sys.executable, "-c", PUBLISHER, *map(str, (folder, store.root, Path(__file__).parent))]
    for _ in range(10):
        goal = len(store.folders()) + dice.randrange(3)
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as publisher:
            assert publisher.stdout is not None
            assert publisher.stdout.readline() == b"ready\n"
            deadline = time.monotonic() + 20
            while len(store.folders()) < goal:
                assert time.monotonic() < deadline
            time.sleep(dice.uniform(0.0, 0.02))  # somewhere within the next one
            publisher.kill()
        assert {wrong for _, wrong in store.verify()} <= {""}
    assert len(list(store.entries())) > 1
    published(store, tmp_path)
    assert find(store) == ""

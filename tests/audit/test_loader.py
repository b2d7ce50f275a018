"""Search as ld.so does it, on libraries that say what they say and do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from elves import make_elf
from wheelforge.audit.loader import Scope, scopes
from wheelforge.audit.objects import Object, installed, read_object

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def item(folder: Path, path: str, needed: Sequence[str] = (), **words: Any) -> Object:
    (folder / "lib").write_bytes(make_elf(needed=needed, **words))
    return read_object(folder / "lib", path, ())


def loaded(*objects: Object) -> dict[str, Scope]:
    found = scopes(objects, lambda name: name.startswith("libc.so"))
    return {scope.root.path: scope for scope in found}


def told(scope: Scope) -> tuple[list[str], list[str], list[str]]:
    misses = [f"{miss.by.path}: {miss.name}" for miss in scope.missed]
    return [found.path for found in scope.loaded], sorted(scope.system), misses


def test_rpath_holds_for_what_is_loaded_through_it(tmp_path: Path) -> None:
    found = loaded(
        item(tmp_path, "a/core.so", ["libx.so", "libc.so.6"], rpath="$ORIGIN/../a.libs"),
        item(tmp_path, "a.libs/libx.so", ["liby.so"]),
        item(tmp_path, "a.libs/liby.so"),
    )
    assert told(found["a/core.so"]) == (
        ["a/core.so", "a.libs/libx.so", "a.libs/liby.so"], ["libc.so.6"], [],
    )  # fmt: skip
    assert list(found) == ["a/core.so"]


def test_runpath_does_not(tmp_path: Path) -> None:
    found = loaded(
        item(tmp_path, "a/core.so", ["libx.so"], runpath="${ORIGIN}/../a.libs", rpath="$ORIGIN"),
        item(tmp_path, "a.libs/libx.so", ["liby.so"]),
        item(tmp_path, "a.libs/liby.so"),
    )
    loads = ["a/core.so", "a.libs/libx.so"]
    assert told(found["a/core.so"]) == (loads, [], ["a.libs/libx.so: liby.so"])
    assert set(found) == {"a/core.so", "a.libs/liby.so"}


def test_runpath_takes_the_word_from_the_rpaths_before(tmp_path: Path) -> None:
    found = loaded(
        item(tmp_path, "a/core.so", ["libx.so"], rpath="$ORIGIN/../a.libs"),
        item(tmp_path, "a.libs/libx.so", ["liby.so"], runpath="$ORIGIN/other"),
        item(tmp_path, "a.libs/liby.so"),
    )
    assert told(found["a/core.so"])[2] == ["a.libs/libx.so: liby.so"]


def test_what_is_loaded_is_found_by_its_soname(tmp_path: Path) -> None:
    found = loaded(
        item(tmp_path, "a/core.so", ["libx.1f.so", "libz.so"], runpath="$ORIGIN"),
        item(tmp_path, "a/libx.1f.so", soname="libx.so.1"),
        item(tmp_path, "a/libz.so", ["libx.so.1"]),
    )
    assert told(found["a/core.so"])[2] == []


def test_those_that_need_each_other(tmp_path: Path) -> None:
    found = loaded(
        item(tmp_path, "a/x.so", ["y.so"], runpath="$ORIGIN"),
        item(tmp_path, "a/y.so", ["x.so"], runpath="$ORIGIN"),
    )
    assert {path: len(scope.loaded) for path, scope in found.items()} == {"a/x.so": 2, "a/y.so": 2}


def test_another_machine_is_passed_over(tmp_path: Path) -> None:
    found = loaded(
        item(tmp_path, "a/core.so", ["libx.so"], runpath="$ORIGIN"),
        item(tmp_path, "a/libx.so", machine=62),
    )
    assert told(found["a/core.so"])[2] == ["a/core.so: libx.so"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("a/b.so", "a/b.so"),
        ("a-1.data/purelib/a/b.so", "a/b.so"),
        ("a-1.data/platlib/b.so", "b.so"),
        ("a-1.data/data/lib/b.so", "a-1.data/data/lib/b.so"),
    ],
)
def test_where_files_are_put(path: str, place: str) -> None:
    assert installed(path) == place

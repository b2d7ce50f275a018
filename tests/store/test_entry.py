from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from shelves import manifest, tree

from wheelforge.store import MANIFEST, Entry
from wheelforge.store.entry import fault, read, record

if TYPE_CHECKING:
    from pathlib import Path


def test_record_reads_every_file_once_and_forgets_its_own_place(tmp_path: Path) -> None:
    folder = tree(tmp_path / "tree")
    files, output = record(folder, tmp_path / "final")
    assert {item.digest[:2] for item in files} == {"f:", "x:", "li"}
    (folder / "lib" / "libdemo.so.1").write_text(f"{tmp_path}/final/lib")
    _, other = record(folder, tmp_path / "final")
    (folder / "lib" / "libdemo.so.1").write_text(f"{tmp_path}/moved/lib")
    _, moved = record(folder, tmp_path / "moved")
    assert output != other == moved


@pytest.mark.parametrize("change", ["schema", "missing field", "wrong type"])
def test_a_manifest_of_another_schema_is_none(tmp_path: Path, change: str) -> None:
    good = msgspec.to_builtins(manifest())
    (tmp_path / MANIFEST).write_bytes(msgspec.json.encode(good))
    assert read(tmp_path) == manifest()
    if change == "schema":
        good["schema"] = 99
    elif change == "missing field":
        del good["output"]
    else:
        good["files"] = 7
    (tmp_path / MANIFEST).write_bytes(msgspec.json.encode(good))
    assert read(tmp_path) is None


def test_times_alone_are_no_fault(tmp_path: Path) -> None:
    folder = tree(tmp_path / "tree")
    files, output = record(folder, folder)
    made = msgspec.structs.replace(manifest(), files=files, output=output, product="bin/demo")
    (folder / MANIFEST).write_bytes(msgspec.json.encode(made))
    (folder / "bin" / "demo").write_text("#!/bin/sh\n")
    entry = Entry(folder, made)
    assert (fault(entry), fault(entry, thorough=True)) == ("", "")
    assert entry.product.read_text() == "#!/bin/sh\n"

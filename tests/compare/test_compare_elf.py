"""Differences of ELF files, compiled for the purpose, are told by section, function and cause."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from elves import make_elf
from wheelforge.compare import Comparison, Detail, compare

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
static int helper(int x) { return x * 3; }
int first(int x) { return helper(x) + 1; }
int second(int x) { return x - 7; }
const char *name(void) { return TEXT; }
int data = 5;
"""
pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")


def built(folder: Path, *options: str, source: str = SOURCE, text: str = "hello") -> Path:
    """A shared library; its sources are of the same name on both sides."""
    folder.mkdir()
    (folder / "lib.c").write_text(source)
    argv = ["gcc", "-O1", "-fPIC", "-shared", "-fno-inline", f'-DTEXT="{text}"', *options]
    subprocess.run([*argv, "lib.c", "-o", "lib.so"], cwd=folder, check=True)
    return folder / "lib.so"


def told(found: Comparison) -> dict[str, Detail]:
    assert not found.equal
    return {item.where: item for one in found.differences for item in one.details}


def test_the_same_source_in_two_folders(tmp_path: Path) -> None:
    assert compare(built(tmp_path / "a"), built(tmp_path / "other")).equal


def test_functions_that_differ_are_named(tmp_path: Path) -> None:
    changed = SOURCE.replace("x - 7", "x * 1001 - 9 / x")
    found = told(compare(built(tmp_path / "a"), built(tmp_path / "b", source=changed)))
    assert "second of another size" in found[".text functions"].what
    assert ".text" in found
    assert "follows" in found[".note.gnu.build-id"].why


def test_a_constant_in_a_function_of_the_same_size(tmp_path: Path) -> None:
    changed = SOURCE.replace("x - 7", "x - 9")
    found = told(compare(built(tmp_path / "a"), built(tmp_path / "b", source=changed)))
    assert found[".text functions"].what == "second of the same size with other code"
    assert set(found) == {".text", ".text functions", ".note.gnu.build-id"}


def test_functions_on_one_side_only(tmp_path: Path) -> None:
    changed = SOURCE.replace("second", "renamed")
    found = told(compare(built(tmp_path / "a"), built(tmp_path / "b", source=changed)))
    names = [item.what for item in found.values() if ".dynstr" in item.where]
    assert "'second'" in names[0] or "second" in names[0]


def test_a_path_in_the_constants_is_the_cause_and_comes_first(tmp_path: Path) -> None:
    one = built(tmp_path / "a", text="/home/me/work/x.c")
    other = built(tmp_path / "b", text="/srv/elsewhere/work/x.c")
    found = told(compare(one, other))
    constants = next(item for where, item in found.items() if where.startswith(".rodata"))
    assert "'/home/me/work/x.c' and '/srv/elsewhere/work/x.c'" in constants.what
    assert "path" in constants.why
    order = list(found)
    assert order.index(constants.where) < order.index(".note.gnu.build-id")


def test_a_date(tmp_path: Path) -> None:
    one = built(tmp_path / "a", text="Jan  1 2026")
    found = told(compare(one, built(tmp_path / "b", text="Feb 22 2026")))
    constants = next(item for where, item in found.items() if where.startswith(".rodata"))
    assert constants.why == "a date or time"


def test_search_path_soname_and_needs(tmp_path: Path) -> None:
    one = built(tmp_path / "a", "-Wl,-soname,libx.so.1,-rpath,/one")
    other = built(tmp_path / "b", "-Wl,-soname,libx.so.2,--no-as-needed", "-lm")
    found = told(compare(one, other))
    assert found[".dynamic: soname"].what == "libx.so.1 and libx.so.2"
    assert found[".dynamic: rpath"].what == "/one and nothing"
    assert "libm.so.6, libc.so.6" in found[".dynamic: needed"].what


def test_build_ids(tmp_path: Path) -> None:
    one = built(tmp_path / "a", "-Wl,--build-id=0xabcd12")
    found = told(compare(one, built(tmp_path / "b", "-Wl,--build-id=0xabcd34")))
    assert [(item.where, item.what) for item in found.values()] == [
        (".note.gnu.build-id", "abcd12 and abcd34")
    ]


def test_compilers(tmp_path: Path) -> None:
    one = built(tmp_path / "a")
    other = built(tmp_path / "b")
    comment = tmp_path / "comment"
    comment.write_bytes(b"GCC: another one\0")
    subprocess.run(["objcopy", "--update-section", f".comment={comment}", other], check=True)
    found = told(compare(one, other))
    assert found[".comment"].why == "another compiler or linker"
    assert "GCC: another one" in found[".comment"].what


def test_sections_on_one_side_only_and_sizes_without_content(tmp_path: Path) -> None:
    one = built(tmp_path / "a", "-Wl,--build-id=none")
    other = built(tmp_path / "b", "-g", "-Wl,--build-id=none", source=SOURCE + "int big[999];")
    found = told(compare(one, other))
    assert found[".debug_info"].what.startswith("only in b")
    assert found[".bss"].what.endswith("bytes, all zero")


def test_stripped_code_is_told_by_offset(tmp_path: Path) -> None:
    changed = SOURCE.replace("x - 7", "x - 9").replace("int second", "static int second")
    kept = changed.replace("x - 9", "x - 7")
    wrapped = "int third(int x) { return second(x); }"
    one, other = (
        built(tmp_path / side, "-s", source=text + wrapped)
        for side, text in (("a", kept), ("b", changed))
    )
    found = told(compare(one, other))
    assert "the first that differs at 0x" in found[".text"].what
    assert found[".text functions"].what.startswith("none that has a name")


def test_another_machine(tmp_path: Path) -> None:
    (tmp_path / "a.so").write_bytes(make_elf(machine=183))
    (tmp_path / "b.so").write_bytes(make_elf(machine=62))
    found = told(compare(tmp_path / "a.so", tmp_path / "b.so"))
    assert found["header: machine"].what == "aarch64 and x86_64"


def test_bytes_outside_of_all_sections(tmp_path: Path) -> None:
    (tmp_path / "a.so").write_bytes(make_elf(more=b"one"))
    (tmp_path / "b.so").write_bytes(make_elf(more=b"two"))
    found = told(compare(tmp_path / "a.so", tmp_path / "b.so"))
    assert list(found) == ["bytes"]


@pytest.mark.parametrize("cut", [20, 70, 200])
def test_a_file_that_is_not_sound(tmp_path: Path, cut: int) -> None:
    (tmp_path / "a.so").write_bytes(make_elf())
    (tmp_path / "b.so").write_bytes(make_elf()[:cut])
    found = told(compare(tmp_path / "a.so", tmp_path / "b.so"))
    assert "not a sound ELF file" in found["ELF"].what

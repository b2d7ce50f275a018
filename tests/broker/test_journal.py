from __future__ import annotations

import errno
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

from wheelforge.broker.journal import FOLDER, Journal, read_dependencies
from wheelforge.broker.unit import Unit, unit_of

needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="no gcc")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def made(path: Path, text: str = "x") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def killed(work: Path, *notes: str) -> list[str]:
    """What the next journal removes: `-` begins a compile of the output, `+` ends it."""
    journal = Journal(work)
    for note in notes:
        (journal.begin if note[0] == "-" else journal.end)(note[1:])
    return Journal(work).cleaned  # the first was never closed


def test_only_what_began_and_did_not_end_is_removed(work: Path) -> None:
    half, whole, again = (made(work / "build" / name) for name in ("half o", "whole.o", "again.o"))
    gone = str(work / "never-written.o")
    notes = (
        f"-{whole}",
        f"-{half}",
        f"+{whole}",
        f"-{again}",
        f"+{again}",
        f"-{again}",
        f"-{gone}",
    )
    assert killed(work, *notes) == [half, again]
    assert [path.name for path in (work / "build").iterdir()] == ["whole.o"]
    assert Journal(work).cleaned == []


def test_outside_the_work_folder_nothing_is_touched(work: Path, tmp_path: Path) -> None:
    outside = [made(tmp_path / "out.o"), made(tmp_path / "work2" / "a.o"), "/dev/null", str(work)]
    assert killed(work, *(f"-{path}" for path in outside), "-", "-relative.o") == []
    assert all(os.path.exists(path) for path in outside)  # noqa: PTH110
    assert not Journal(work).remove("/dev/null")


def test_a_name_may_be_any_bytes(work: Path) -> None:
    odd = os.fsdecode(os.fsencode(work) + b"/a\xff\n.o")
    Path(odd).touch()
    assert killed(work, f"-{odd}") == [odd]
    assert not Path(odd).exists()


def test_the_last_note_may_be_cut_off(work: Path) -> None:
    """Half of `a.c.o` is `a.c`."""
    source, half = made(work / "a.c"), made(work / "b.o")
    Journal(work).begin(half)
    with (work / FOLDER / "log").open("ab") as log:
        log.write(f"-{source}".encode())
    assert Journal(work).cleaned == [half]
    assert Path(source).exists()


def test_a_full_disk_is_for_the_compile_to_tell(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(work)

    def full(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    journal.begin(f"{work}/a.o")
    journal.end(f"{work}/a.o")
    journal.close()


@dataclass
class Tree:
    """A work folder with a source and headers that real gcc compiles."""

    work: Path
    source: str = "src/a.c"
    flags: str = ""
    runs: int = 0
    headers: list[str] = field(default_factory=lambda: ["src/a.h"])

    def __post_init__(self) -> None:
        for header in self.headers:
            made(self.work / header, "#define ONE 1\n")
        includes = "".join(f'#include "{Path(header).name}"\n' for header in self.headers)
        made(self.work / self.source, f"{includes}int one(void) {{ return ONE; }}\n")
        past = time.time() - 100
        for name in (self.source, *self.headers):
            os.utime(self.work / name, (past, past))

    @property
    def output(self) -> Path:
        return self.work / "a.o"

    @property
    def unit(self) -> Unit:
        argv = shlex.split(f"gcc -c {shlex.quote(self.source)} -o a.o {self.flags}")
        return unit_of("compile", str(self.work), argv, str(self.work))

    def compile(self, journal: Journal) -> None:
        """As the desk and the gate do it."""
        began = time.time_ns()
        argv = shlex.split(f"gcc -c {shlex.quote(self.source)} -o a.o {self.flags}")
        argv += ["-MD", "-MF", str(journal.dependencies(self.unit))]
        subprocess.run(argv, cwd=self.work, check=True)
        journal.keep(self.unit, began)

    def restored(self) -> bool:
        """Whether a later run has the output without a compile."""
        journal = Journal(self.work)
        try:
            return journal.restore(self.unit, str(self.work))
        finally:
            journal.close()


@pytest.fixture
def tree(work: Path) -> Tree:
    tree = Tree(work)
    journal = Journal(work)
    tree.compile(journal)
    journal.close()
    return tree


@needs_gcc
def test_what_did_not_change_is_put_back(tree: Tree) -> None:
    content = tree.output.read_bytes()
    assert tree.restored()
    tree.output.unlink()  # as scons does before it compiles
    assert tree.restored()
    assert tree.output.read_bytes() == content


def spoil_header(tree: Tree) -> None:
    (tree.work / "src" / "a.h").touch()


def spoil_source(tree: Tree) -> None:
    made(tree.work / "src" / "a.c", "int two;")


def spoil_flags(tree: Tree) -> None:
    tree.flags = "-O2"


def spoil_output(tree: Tree) -> None:
    with tree.output.open("ab") as file:
        file.write(b"more")


def spoil_in_place(tree: Tree) -> None:
    data = tree.output.read_bytes()
    with tree.output.open("r+b") as file:
        file.write(data[:-1] + b"x")


def spoil_dependencies(tree: Tree) -> None:
    for file in (tree.work / FOLDER).glob("*.d"):
        file.unlink()


def spoil_dependencies_text(tree: Tree) -> None:
    for file in (tree.work / FOLDER).glob("*.d"):
        file.write_text("nothing")


def spoil_header_gone(tree: Tree) -> None:
    (tree.work / "src" / "a.h").unlink()


def spoil_link(tree: Tree) -> None:
    for file in (tree.work / FOLDER).glob("*.o"):
        file.unlink()


def spoil_index(tree: Tree) -> None:
    index = tree.work / FOLDER / "index"
    index.write_bytes(index.read_bytes()[:-20])


@needs_gcc
@pytest.mark.parametrize(
    "spoil",
    [
        spoil_header, spoil_header_gone, spoil_source, spoil_flags, spoil_output, spoil_in_place,
        spoil_dependencies, spoil_dependencies_text, spoil_link, spoil_index,
    ],
)  # fmt: skip
def test_what_changed_is_compiled_again(tree: Tree, spoil: Callable[[Tree], None]) -> None:
    spoil(tree)
    assert not tree.restored()


@needs_gcc
def test_where_there_are_no_links_everything_is_compiled(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> NoReturn:
        raise OSError(errno.EPERM, "Operation not permitted")

    tree, journal = Tree(work), Journal(work)
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", no_links)
        tree.compile(journal)
    assert not tree.restored()
    tree.compile(journal)
    journal.close()
    tree.output.unlink()
    monkeypatch.setattr(os, "link", no_links)  # as of now: it is copied back
    assert tree.restored()
    assert tree.output.is_file()


@needs_gcc
def test_an_output_that_is_not_there_is_not_kept(work: Path) -> None:
    tree, journal = Tree(work), Journal(work)
    journal.keep(tree.unit, time.time_ns())
    assert not journal.restore(tree.unit, str(work))
    journal.close()


@needs_gcc
def test_names_that_make_would_read_otherwise(work: Path) -> None:
    headers = ["src/plain.h", "src/with space.h", "src/dollar$1.h", "src/hash#2.h"]
    headers += [f"src/header-with-a-long-name-{number}.h" for number in range(40)]
    tree, journal = Tree(work, source="src/a b.c", headers=headers), Journal(work)
    tree.compile(journal)
    journal.close()
    read = read_dependencies(next((work / FOLDER).glob("*.d")).read_text())
    assert {*headers, "src/a b.c"} <= set(read)
    assert tree.restored()
    for header in headers[:5]:
        before = (work / header).stat()
        (work / header).touch()
        assert not tree.restored(), header
        os.utime(work / header, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert tree.restored()


@pytest.mark.parametrize("text", ["", "a.o", "no colon here", "a.o:b.c"])
def test_what_is_no_fragment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text[:5] or "^$"):
        read_dependencies(text)

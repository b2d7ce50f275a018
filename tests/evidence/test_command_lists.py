"""What becomes of the lines that gates wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from wheelforge import evidence
from wheelforge.evidence.commands import read


class Folder:
    """A work folder whose list is written by hand."""

    def __init__(self, work: Path) -> None:
        self.work = work
        evidence.begin(work)

    def note(self, line: str, mark: str = "=", number: int = 0, cwd: str = "") -> None:
        text = "\0".join([mark, str(number or ""), cwd or str(self.work / "src"), *line.split()])
        with (self.work / evidence.LIST).open("a") as file:
            file.write(f"\n{text}\0\n")

    def found(self) -> dict[str, str]:
        """Sources, from the work folder on, and the options they were compiled with."""
        compiles = read(self.work)
        assert compiles is not None
        near = {item.source.removeprefix(f"{self.work}/"): item.argv for item in compiles}
        assert len(near) == len(compiles)
        return {name: " ".join(w for w in argv if w[:2] in "-O-D") for name, argv in near.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_the_last_of_each_output_counts(folder: Folder) -> None:
    folder.note("cc -O0 -c a.c -o a.o")
    folder.note("cc -O1 -c b.c -o b.o")
    folder.note("cc -O2 -c a.c -o a.o")
    folder.note("cc -O3 -c a.c -o shared/a.o")
    compiles = read(folder.work)
    assert compiles is not None
    assert sorted((Path(item.output).name, item.argv[1]) for item in compiles) == [
        ("a.o", "-O2"), ("a.o", "-O3"), ("b.o", "-O1"),
    ]  # fmt: skip
    assert {item.language for item in compiles} == {"c"}


def test_what_ccache_could_not_compile_does_not_count(folder: Folder) -> None:
    folder.note("cc -O2 -c hit.c", mark="?", number=1)
    folder.note("cc -O2 -c bad.c", mark="?", number=2)
    folder.note("cc -O2 -c bad.c -fdirectives-only -o /tmp/x", mark="!", number=2)
    folder.note("cc -c fixed.c", mark="?", number=3)
    folder.note("cc -c fixed.c", mark="!", number=3)
    folder.note("cc -O3 -c fixed.c", mark="?", number=4)
    assert folder.found() == {"src/hit.c": "-O2", "src/fixed.c": "-O3"}


def test_removed_outputs_do_not_count_until_they_are_made_again(folder: Folder) -> None:
    src = folder.work / "src"
    for name in ("a", "b"):
        folder.note(f"cc -O2 -c {name}.c -o {name}.o")
    evidence.forget(folder.work, [f"{src}/a.o", f"{src}/b.o", f"{src}/never.o"])
    folder.note("cc -O3 -c b.c -o b.o")
    assert folder.found() == {"src/b.c": "-O3"}


@pytest.mark.parametrize("cut", [1, 9, 20, 60])
def test_a_line_that_was_cut_off_spoils_no_other(folder: Folder, cut: int) -> None:
    folder.note("cc -O2 -c a.c")
    whole = (folder.work / evidence.LIST).read_bytes()
    with (folder.work / evidence.LIST).open("ab") as file:
        file.write(whole.replace(b"a.c", b"c.c").rstrip(b"\n")[:-cut])
    folder.note("cc -O2 -c b.c")
    assert folder.found() == {"src/a.c": "-O2", "src/b.c": "-O2"}


def test_line_ends_and_backslashes_come_back(folder: Folder) -> None:
    with (folder.work / evidence.LIST).open("ab") as file:
        file.write(b"\n=\0\0/w\0cc\0-c\0a.c\0-DX=a\\nb\\\\n\0-DY=\xff\0\n")
    [item] = read(folder.work) or []
    assert item.argv == ("cc", "-c", "a.c", "-DX=a\nb\\n", "-DY=\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize(
    "line",
    [
        "cc -c CMakeFiles/CMakeScratch/TryCompile-1/t.c",
        "cc CMakeCCompilerId.c -o ../CMakeFiles/3.25.1/CompilerIdC/a.out",
        "cc -c conftest.c",
        "cc -c meson-private/tmp1/testfile.c",
        "cc -fsyntax-only a.c",
        "cc -c {work}/tmp/tmp1/flag.c -o tmp1/flag.o",
        "cc -shared a.o -o a.so",
    ],
)
def test_trials_do_not_count(folder: Folder, line: str) -> None:
    folder.note(line.format(work=folder.work))
    assert folder.found() == {}


def test_several_sources_and_files_of_options(folder: Folder) -> None:
    src = folder.work / "src"
    src.mkdir()
    (src / "options").write_text("-O2 '-DX=a b'\n")
    folder.note("cc @options -shared one.c two.f90 three.o -o lib.so")
    folder.note("cc -O1 @gone -x c++ -c part.inc")
    compiles = {Path(item.source).name: item for item in read(folder.work) or []}
    assert set(compiles) == {"one.c", "two.f90", "part.inc"}
    assert compiles["two.f90"].language == "fortran"
    assert compiles["part.inc"].language == "c++"
    assert compiles["one.c"].argv[1:3] == ("-O2", "-DX=a b")
    assert compiles["part.inc"].argv[2] == "@gone"
    assert {Path(item.output).name for item in compiles.values()} == {"lib.so", "part.o"}


def test_a_folder_in_which_something_was_compiled_unseen_has_no_list(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    (begun / "units").mkdir(parents=True)  # by a version that kept none
    evidence.begin(begun)
    assert read(begun) is None
    evidence.forget(begun, ["/a.o"])
    assert read(begun) is None
    folder = Folder(tmp_path)
    folder.note("cc -c a.c")
    (tmp_path / "units").mkdir()
    evidence.begin(tmp_path)  # entered again
    assert folder.found() == {"src/a.c": ""}
    evidence.spoil(tmp_path)  # now without a gate
    evidence.begin(tmp_path)
    assert read(tmp_path) is None

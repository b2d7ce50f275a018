"""The list of compiles that gates leave: one line each, whatever becomes of them."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from gated import Site, over
from wheelforge import programs


@pytest.fixture
def listed(site: Site) -> Path:
    file = site.folder / "commands"
    file.touch()
    return file


def lines(file: Path) -> list[list[str]]:
    return [line.removesuffix("\0").split("\0") for line in file.read_text().split("\n") if line]


def compile_(site: Site, listed: Path, *words: str, status: int = 0, **more: str) -> None:
    process, talk, _ = site.ask("cc", *words, WHEELFORGE_COMMANDS=str(listed), **more)
    talk.say("go")
    assert talk.hear()[:2] == ["ended", str(status << 8)]
    if status:
        talk.say("over")
    assert over(process)[0] == status


def test_a_compile_is_noted_with_its_folder_and_words(site: Site, listed: Path) -> None:
    site.gated("cc", "exit 0")
    compile_(site, listed, "-c", "a.c", "-DX=a\nb\\c", "", "-o", "a.o")
    program = str(site.folder / "scripts" / "cc")
    words = ["-c", "a.c", "-DX=a\\nb\\\\c", "", "-o", "a.o"]
    assert lines(listed) == [["=", "", str(site.folder), program, *words]]


def test_it_is_noted_before_the_broker_hears_of_its_end(site: Site, listed: Path) -> None:
    """So what the journal calls whole is in the list, wherever kill -9 comes between."""
    site.gated("cc", "exit 0")
    process, talk, _ = site.ask("cc", "-c", "a.c", WHEELFORGE_COMMANDS=str(listed))
    assert lines(listed) == []
    talk.say("go")
    assert talk.hear()[0] == "ended"
    assert len(lines(listed)) == 1
    assert over(process)[0] == 0


def test_what_failed_is_not_noted_but_what_was_there_already_is(site: Site, listed: Path) -> None:
    site.gated("cc", "exit 3")
    compile_(site, listed, "-c", "bad.c", status=3)
    assert lines(listed) == []
    process, talk, _ = site.ask("cc", "-c", "old.c", WHEELFORGE_COMMANDS=str(listed))
    talk.say("fresh")
    assert over(process)[0] == 0
    [[mark, *_, source]] = lines(listed)
    assert (mark, source) == ("=", "old.c")


@pytest.mark.parametrize(
    ("words", "noted"),
    [
        ("-shared a.c -o a.so", True),
        ("a.o b.f90", True),
        ("-x c a.inc", True),
        ("-shared a.o -o a.so", False),
        ("a.o -L lib.c -o prog", False),
        ("a.o -o prog.c", False),
    ],
)
def test_links_are_noted_where_they_compile(
    site: Site, listed: Path, words: str, noted: bool
) -> None:
    site.gated("cc", "exit 0")
    compile_(site, listed, *words.split())
    assert len(lines(listed)) == noted


def test_a_killed_compile_leaves_no_note(site: Site, listed: Path) -> None:
    site.gated("cc", "kill -9 $$")
    process, talk, _ = site.ask("cc", "-c", "a.c", WHEELFORGE_COMMANDS=str(listed))
    talk.say("go")
    assert talk.hear()[1] == str(int(signal.SIGKILL))
    talk.say("over")
    assert over(process)[0] == 128 + signal.SIGKILL
    assert lines(listed) == []


def test_without_the_list_it_fails(site: Site) -> None:
    """Nobody could say any more that it knows of every compile."""
    site.gated("cc", "exit 0")
    gone = str(site.folder / "gone")
    process, talk, _ = site.ask("cc", "-c", "a.c", WHEELFORGE_COMMANDS=gone)
    talk.say("go")
    assert talk.hear() == []
    code, _, said = over(process)
    assert (code, said) == (1, f"wheelforge-gate: cannot write {gone}: No such file or directory\n")


@pytest.mark.skipif(programs.find("ccache") is None, reason="no ccache")
@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
def test_hits_of_ccache_are_noted_and_its_failures_taken_back(site: Site, listed: Path) -> None:
    site.furnish({"gcc": os.path.realpath(shutil.which("gcc") or "")})
    (site.folder / "a.c").write_text("int a;\n")
    (site.folder / "b.c").write_text("int b\n")
    more = {
        "WHEELFORGE_CCACHE": str(programs.find("ccache")),
        "WHEELFORGE_GATE": str(site.program),
        "WHEELFORGE_COMMANDS": str(listed),
        "CCACHE_DIR": str(site.folder / "cache"),
    }
    process, talk, _ = site.ask("gcc", "-c", "a.c", "-O2", **more)
    talk.say("go")
    talk.hear()
    assert over(process)[0] == 0
    assert site.run("gcc", "-c", "a.c", "-O2", **more) == (0, "", "")  # nobody was asked
    first, second = lines(listed)
    assert first[0] == second[0] == "?"
    assert first[1] != second[1]
    assert first[2:] == second[2:]
    assert first[-3:] == ["-c", "a.c", "-O2"]
    process, talk, _ = site.ask("gcc", "-c", "b.c", **more)
    talk.say("go")
    talk.hear()
    talk.say("over")
    assert over(process)[0] == 1
    *_, asked, failed = lines(listed)
    assert (asked[0], failed[0]) == ("?", "!")
    assert asked[1] == failed[1] not in {first[1], second[1]}

"""The gate in front of real compilers, of make and of ccache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from fake_broker import PATIENCE
from gated import Site, over

if TYPE_CHECKING:
    from fake_broker import Talk


@pytest.fixture
def compilers(site: Site) -> Site:
    """A site with gcc and g++."""
    found = {name: path for name in ("gcc", "g++") if (path := shutil.which(name))}
    if len(found) < 2:
        pytest.skip("gcc and g++ are not installed")
    site.furnish(found)
    (site.folder / "a.c").write_text('#include "a.h"\nint main(void) { return CODE; }\n')
    (site.folder / "a.h").write_text("#define CODE 7\n")
    return site


@pytest.fixture
def cached(compilers: Site, program: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """That site with ccache, and a cache that is empty."""
    ccache = shutil.which("ccache")
    if ccache is None:
        pytest.skip("ccache is not installed")
    real = Site.environment
    more = {
        "WHEELFORGE_CCACHE": ccache,
        "WHEELFORGE_GATE": str(program),
        "CCACHE_DIR": str(compilers.folder / "cache"),
        "CCACHE_LOGFILE": str(compilers.folder / "ccache.log"),
    }
    monkeypatch.setattr(Site, "environment", lambda self, **own: real(self, **(more | own)))
    return compilers


def go(asked: tuple[subprocess.Popen[str], Talk, list[str]]) -> tuple[int, str, str]:
    """Let what was asked for run, and let it be over if it fails."""
    process, talk, _ = asked
    talk.say("go")
    if talk.hear()[1] != "0":
        talk.say("over")
    return over(process)


def descendant(pid: int, name: str) -> int:
    """The pid of the process of that name which another has started, or will soon."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for process in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.Error):  # it ended meanwhile
                if Path((process.cmdline() or [""])[0]).name == name:
                    return process.pid
        time.sleep(0.01)
    raise AssertionError(f"no {name} is started")


def test_a_program_is_compiled_linked_and_runs(compilers: Site) -> None:
    compiling = compilers.ask("gcc", "-c", "a.c", "-o", "an object.o")
    assert go(compiling) == (0, "", "")
    linking = compilers.ask("gcc", "an object.o", "-o", "a")
    assert linking[2][1] == "link"
    assert go(linking) == (0, "", "")
    assert subprocess.run([compilers.folder / "a"], check=False).returncode == 7


def test_dependencies_appear_where_the_broker_wants_them(compilers: Site) -> None:
    process, talk, _ = compilers.ask("gcc", "-c", "a.c")
    talk.say(f"go {compilers.folder}/some where.d")
    assert over(process)[0] == 0
    rule = (compilers.folder / "some where.d").read_text()
    assert re.match(r"a\.o: a\.c .*\ba\.h$", rule.strip().replace("\\\n ", ""))


def test_a_failure_says_what_the_compiler_says(compilers: Site) -> None:
    (compilers.folder / "a.c").write_text("int main(void) { return nothing; }\n")
    code, out, error = go(compilers.ask("gcc", "-c", "a.c"))
    assert (code, out) == (1, "")
    assert "error: 'nothing' undeclared" in error
    direct = compilers.run("gcc", "-c", "a.c", WHEELFORGE_BROKER="")
    assert direct == (code, out, error)


@pytest.mark.parametrize(
    ("words", "victim"),
    [(["g++", "-c", "a.cpp"], "cc1plus"), (["g++", "a.o", "slow"], "ld")],
)
def test_a_part_of_the_compiler_that_is_killed_is_noticed(
    compilers: Site, words: list[str], victim: str
) -> None:
    os.mkfifo(compilers.folder / "slow")  # nobody writes to it: whoever reads it, waits
    (compilers.folder / "a.cpp").write_text('#include "slow"\n')
    compilers.run("gcc", "-c", "a.c", "-o", "a.o", WHEELFORGE_BROKER="")
    process, talk, _ = compilers.ask(*words)
    os.kill(descendant(talk.started(), victim), 9)
    _, status, *_, killed, tail = talk.hear()
    assert os.waitstatus_to_exitcode(int(status)) == 1
    assert killed == "1", tail
    again = talk.started("go")
    os.kill(descendant(again, victim), 9)
    assert talk.hear()[5] == "1"
    talk.say("over")
    code, _, error = over(process)
    assert (code, "Killed" in error) == (1, True)


def test_a_linker_behind_a_gate_of_its_own_asks_nobody(compilers: Site) -> None:
    linker = shutil.which("ld")
    assert linker
    noticed = compilers.script("ld", f'echo linker >&2; exec {linker} "$@"')
    compilers.furnish({"gcc": shutil.which("gcc") or "", "ld": str(noticed)})
    asked = compilers.ask("gcc", f"-B{compilers.folder}/bin/", "a.c", "-o", "a")
    assert go(asked) == (0, "", "linker\n")
    assert compilers.broker.quiet()


def test_make_says_which_jobserver_it_has(compilers: Site) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    (compilers.folder / "Makefile").write_text("all:\n\t@gcc -c a.c\n\t@gcc --version > version\n")
    asked = compilers.ask("make", "-j3")
    assert re.fullmatch(r"\d+,\d+|fifo:.+", asked[2][5])
    assert go(asked)[0] == 0
    assert "gcc" in (compilers.folder / "version").read_text()


@pytest.mark.parametrize("launched", [False, True])
def test_what_ccache_has_does_not_ask(cached: Site, launched: bool) -> None:
    words = [str(cached.program)] * launched + ["gcc", "-c", "a.c", "-o", "a.o"]
    asked = cached.ask(*words)
    real = shutil.which("gcc")
    assert (asked[2][1], asked[2][6]) == ("compile", real)
    assert go(asked) == (0, "", "")
    (cached.folder / "a.o").unlink()
    (cached.folder / "ccache.log").unlink()
    assert cached.run(*words) == (0, "", "")
    assert cached.broker.quiet()
    assert (cached.folder / "a.o").is_file()
    assert "Executing" not in (cached.folder / "ccache.log").read_text()  # not even to preprocess


def test_ccache_is_told_of_changes(cached: Site) -> None:
    words = ["gcc", "-c", "a.c", "-o", "a.o"]
    assert go(cached.ask(*words))[0] == 0
    (cached.folder / "a.h").write_text("#define CODE 8\n")
    assert go(cached.ask(*words))[0] == 0
    assert cached.run(*words)[0] == 0


def test_ccache_knows_the_real_compiler_and_not_the_gate(cached: Site) -> None:
    text = f'exec {shutil.which("gcc")} "$@"'
    words = ["gcc", "-c", "a.c", "-o", "a.o"]
    cached.gated("gcc", text)
    assert go(cached.ask(*words))[0] == 0
    other = cached.folder / "elsewhere" / cached.program.name
    other.parent.mkdir()
    shutil.copy(cached.program, other)
    assert cached.run(*words, WHEELFORGE_GATE=str(other))[0] == 0
    cached.gated("gcc", f"# another compiler\n{text}")
    assert go(cached.ask(*words))[0] == 0


def test_preprocessing_and_linking_do_not_go_through_ccache(cached: Site) -> None:
    code, out, _ = cached.run("gcc", "-E", "a.c")
    assert (code, "return 7" in out) == (0, True)
    linking = cached.ask("gcc", "a.c", "-o", "a")
    assert linking[2][1] == "link"
    assert go(linking)[0] == 0
    assert not (cached.folder / "ccache.log").exists()


def test_what_ccache_cannot_cache_asks_all_the_same(cached: Site) -> None:
    (cached.folder / "b.c").write_text("int b;\n")
    asked = cached.ask("gcc", "-c", "a.c", "b.c")
    assert asked[2][-2:] == ["a.c", "b.c"]
    assert go(asked)[0] == 0


def test_a_failure_behind_ccache_is_tried_again_and_keeps_its_code(cached: Site) -> None:
    (cached.folder / "a.c").write_text("int main(void) { return nothing; }\n")
    process, talk, _ = cached.ask("gcc", "-c", "a.c")
    for _ in range(2):
        talk.say("go")
        assert "undeclared" in talk.hear()[-1]
    talk.say("over")
    code, _, error = over(process)
    assert (code, error.count("error:")) == (1, 1)


def test_a_gate_ccache_cannot_call_does_without(cached: Site) -> None:
    asked = cached.ask("gcc", "-c", "a.c", WHEELFORGE_GATE="/some where/wheelforge-gate")
    assert go(asked)[0] == 0
    assert not (cached.folder / "ccache.log").exists()

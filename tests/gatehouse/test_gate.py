"""What the gate asks, what it makes of the answers, and what it leaves as it was."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gated import over

if TYPE_CHECKING:
    from gated import Site

WRITE_WORDS = 'printf "%s\\0" "$@" > words'
USAGE = "wheelforge-gate: usage: wheelforge-gate PROGRAM [ARGUMENT]...\n"


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--version",
        "-version",
        "-V",
        "-v",
        "-v -V",
        "-dumpmachine",
        "-dumpversion -c",
        "-print-search-dirs",
        "-print-file-name=libc.a",
        "--print-multiarch",
        "--help",
        "--help=warnings a.c",
        "-### a.c -o a",
        "-E a.c",
        "-c -E a.c",
        "-M a.c",
        "-MM -MF a.d a.c",
        "-E -dM -x c /dev/null",
        "-x c -c - -o a.o",
        "-c -x c /dev/stdin -o a.o",
        "-",
        "-o a.o",
        "-c -o a.o -I include",
        "-Wl,--version",
        "-Xlinker --version",
        "-c -o",
    ],
)
def test_what_compiles_nothing_runs_unasked(site: Site, words: str) -> None:
    site.gated("cc", 'echo "ran: $*"')
    assert site.run("cc", *words.split()) == (0, f"ran: {words}\n", "")
    assert site.broker.quiet()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("compile", "-c a.c"),
        ("compile", "a.c -o a.o -c"),
        ("compile", "-S a.c"),
        ("compile", "-fsyntax-only a.c"),
        ("compile", "-MD -MF a.d -MT a.o -c a.c"),
        ("compile", "-v -c a.c"),
        ("compile", "-c @words"),
        ("compile", "-c a.c -o -E"),
        ("compile", "-D --version -c a.c"),
        ("compile", "-dumpdir out/ -dumpbase a -c a.c"),
        ("compile", "-c -x c++ a.c -include -M"),
        ("compile", "-Xclang -E -c a.c"),
        ("compile", "--param max-inline=1 -c a.c"),
        ("link", "a.o"),
        ("link", "@words"),
        ("link", "a.c -o a"),
        ("link", "-o -c a.o"),
        ("link", "a.o -L lib -l m -Wl,-E"),
        ("link", "-shared -Xlinker -E a.o"),
        ("link", "-v a.o"),
    ],
)
def test_what_compiles_or_links_asks(site: Site, kind: str, words: str) -> None:
    site.gated("cc", "echo ran")
    process, talk, asked = site.ask("cc", *words.split())
    assert asked[:2] == ["ask", kind]
    talk.say("fresh")
    assert over(process) == (0, "", "")  # and it was not run


@pytest.mark.parametrize("launched", [False, True])
def test_the_question_and_the_words_arrive_as_they_are(site: Site, launched: bool) -> None:
    site.gated("cc", WRITE_WORDS)
    real = str(site.folder / "scripts" / "cc")
    words = ["-c", "a b.c", "", 'say="hi there"', "$HOME", "größe\n", "\udcff", "'", "x" * 100_000]
    caller = [str(site.program)] * launched
    process, talk, asked = site.ask(*caller, "cc", *words, "", WHEELFORGE_STEP="step 1")
    kind, pid, mark, folder, jobserver, *command = asked[1:]
    assert (kind, mark, jobserver) == ("compile", "step 1", "")
    assert int(pid) == process.pid
    assert folder == str(site.folder)
    assert command == [real, *words, ""]
    talk.say("go")
    assert over(process) == (0, "", "")
    assert (site.folder / "words").read_bytes() == os.fsencode("\0".join([*words, "", ""]))


@pytest.mark.parametrize("launched", [False, True])
def test_options_that_build_tools_do_not_see_come_first(site: Site, launched: bool) -> None:
    site.gated("cc", WRITE_WORDS)
    caller = [str(site.program)] * launched
    options = "-ffile-prefix-map=/a b=.\n-g0"
    process, talk, asked = site.ask(*caller, "cc", "-c", "a.c", WHEELFORGE_OPTIONS=options)
    talk.say("go")
    assert over(process) == (0, "", "")
    words = ["-ffile-prefix-map=/a b=.", "-g0", "-c", "a.c"]
    assert asked[-4:] == words
    assert (site.folder / "words").read_text() == "\0".join([*words, ""])


@pytest.mark.parametrize(
    ("words", "become"),
    [
        ("-Wl,-rpath,/s/blas/lib", []),
        ("-Wl,-rpath=/s/blas", []),
        ("-Wl,-rpath,/s/blas/lib:$ORIGIN/lib:/s/acl", ["-Wl,-rpath,$ORIGIN/lib"]),
        ("-Wl,-rpath,$ORIGIN:/s/blas2/lib:/opt", ["-Wl,-rpath,$ORIGIN:/s/blas2/lib:/opt"]),
        ("-Wl,-rpath,/s/blas/lib,-z,now", ["-Wl,-z,now"]),
        ("-Wl,-rpath,/o:/s/blas/lib,-z,now", ["-Wl,-rpath,/o,-z,now"]),
        ("-Wl,-rpath-link,/s/blas/lib", ["-Wl,-rpath-link,/s/blas/lib"]),
        ("-L/s/blas/lib", ["-L/s/blas/lib"]),
        ("-Wl,-rpath,", []),
    ],
)
def test_search_paths_of_the_build_are_not_linked_in(
    site: Site, words: str, become: list[str]
) -> None:
    site.gated("cc", WRITE_WORDS)
    more = {"WHEELFORGE_OPTIONS": "-g0", "WHEELFORGE_NO_RPATH": "/s/acl\n/s/blas"}
    process, talk, _ = site.ask("cc", "a.o", words, "-o", "a", **more)
    talk.say("go")
    assert over(process) == (0, "", "")
    expected = ["-g0", "a.o", *become, "-o", "a", ""]
    assert (site.folder / "words").read_text() == "\0".join(expected)


@pytest.mark.parametrize("variable", ["WHEELFORGE_HELD", "WHEELFORGE_BEHIND_CCACHE"])
def test_such_options_are_given_once(site: Site, variable: str) -> None:
    """A compiler that calls another, and ccache, pass on what they were given."""
    site.gated("cc", 'echo "ran: $*"')
    env = {"WHEELFORGE_OPTIONS": "-g0", variable: "1", "WHEELFORGE_BROKER": ""}
    assert site.run("cc", "-c", "a.c", **env) == (0, "ran: -c a.c\n", "")


def test_what_compiles_nothing_gets_no_such_options(site: Site) -> None:
    site.gated("cc", 'echo "ran: $*"')
    ran = site.run("cc", "--version", WHEELFORGE_OPTIONS="-g0")
    assert ran == (0, "ran: --version\n", "")


def test_a_program_sees_its_own_path_as_its_name(site: Site) -> None:
    site.gated("cc", 'echo "$0"')
    process, talk, _ = site.ask("cc", "a.o")
    talk.say("go")
    assert over(process)[1] == f"{site.folder / 'scripts' / 'cc'}\n"


def test_dependencies_are_asked_for_at_the_end(site: Site) -> None:
    site.gated("cc", WRITE_WORDS)
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("go /some where/a.d")
    assert over(process)[0] == 0
    assert (site.folder / "words").read_text() == "-c\0a.c\0-MD\0-MF\0/some where/a.d\0"


def test_success_passes_all_output_on_and_waits_for_nobody(site: Site) -> None:
    site.gated("cc", "echo out; echo warning >&2")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("go")
    ended = talk.hear()
    assert over(process) == (0, "out\n", "warning\n")
    kind, status, peak, user, system, killed, tail = ended
    assert (kind, status, killed, tail) == ("ended", "0", "0", "")
    assert int(peak) > 0
    assert int(user) >= 0
    assert int(system) >= 0
    assert talk.hear() == []


def test_a_failure_keeps_its_code_and_its_errors(site: Site) -> None:
    site.gated("cc", "echo out; printf 'bad\\0line\\n' >&2; exit 3")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("go")
    _, status, *_, killed, tail = talk.hear()
    assert os.waitstatus_to_exitcode(int(status)) == 3
    assert (killed, tail) == ("0", "bad?line\n")
    assert process.poll() is None  # it waits for the verdict
    talk.say("over")
    assert over(process) == (3, "out\n", "bad\0line\n")


def test_what_the_broker_is_told_of_errors_is_short(site: Site) -> None:
    site.gated("cc", "head -c 100000 /dev/zero | tr '\\0' e >&2; exit 1")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("go")
    assert talk.hear()[-1] == "e" * (16 << 10)
    talk.say("over")
    assert over(process) == (1, "", "e" * 100_000)


def test_only_the_last_attempt_is_heard(site: Site) -> None:
    site.gated("cc", "echo . >> tries; echo try $(wc -l < tries) >&2; exit 1")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    for number, answer in enumerate(["go", "go a.d", "go"], start=1):
        talk.say(answer)
        assert talk.hear()[-1] == f"try {number}\n"
    talk.say("over")
    assert over(process) == (1, "", "try 3\n")


def test_a_second_attempt_may_succeed(site: Site) -> None:
    site.gated("cc", "test -e tried && exec echo good >&2; touch tried; echo bad >&2; exit 1")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("go")
    assert talk.hear()[-1] == "bad\n"
    talk.say("go")
    assert talk.hear()[1] == "0"
    assert over(process) == (0, "", "good\n")


@pytest.mark.parametrize(("number", "killed"), [(9, "1"), (11, "0"), (15, "0")])
def test_a_signal_that_ended_it_is_told(site: Site, number: int, killed: str) -> None:
    site.gated("cc", f"kill -{number} $$")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("go")
    _, status, *_, told, _ = talk.hear()
    assert (os.WTERMSIG(int(status)), told) == (number, killed)
    talk.say("over")
    assert over(process)[0] == 128 + number


@pytest.mark.parametrize(
    ("words", "killed"),
    [
        ("g++: fatal error: Killed signal terminated program cc1plus", "1"),
        ("gcc: internal compiler error: Killed (program cc1)", "1"),
        ("collect2: fatal error: ld terminated with signal 9 [Killed]", "1"),
        ("clang: error: unable to execute command: Killed", "1"),
        ("collect2: fatal error: ld terminated with signal 11 [Segmentation fault]", "0"),
        ("a.c:1: error: Killed was not declared", "0"),
    ],
)
def test_drivers_say_that_what_they_started_was_killed(site: Site, words: str, killed: str) -> None:
    site.gated("cc", f"echo '{words}' >&2; exit 1")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("go")
    assert talk.hear()[5] == killed
    talk.say("over")
    over(process)


def test_a_program_that_cannot_be_started_is_an_error(site: Site) -> None:
    site.furnish({"cc": str(site.folder / "missing")})
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("go")
    assert os.waitstatus_to_exitcode(int(talk.hear()[1])) == 127
    talk.say("over")
    text = f"wheelforge-gate: cannot start {site.folder}/missing: No such file or directory\n"
    assert over(process) == (127, "", text)


def test_a_name_without_a_real_program_is_an_error(site: Site) -> None:
    site.gated("cc", "echo ran")
    (site.folder / "real" / "cc").unlink()
    code, _, error = site.run("cc", "-c", "a.c")
    assert (code, "no real program for" in error) == (127, True)


def test_the_launcher_says_how_it_is_used(site: Site) -> None:
    assert site.run(str(site.program)) == (64, "", USAGE)


@pytest.mark.parametrize("name", ["WHEELFORGE_BROKER", "WHEELFORGE_HELD"])
def test_without_a_broker_or_below_another_gate_nobody_is_asked(site: Site, name: str) -> None:
    site.gated("cc", "echo ran; echo error >&2; exit 2")
    value = "" if name == "WHEELFORGE_BROKER" else "1"
    assert site.run("cc", "-c", "a.c", **{name: value}) == (2, "ran\n", "error\n")
    assert site.broker.quiet()


def test_a_launcher_takes_the_program_it_is_given(site: Site) -> None:
    outside = str(site.script("other-cc", "echo $0"))
    process, talk, asked = site.ask(str(site.program), outside, "-c", "a.c")
    assert asked[-3:] == [outside, "-c", "a.c"]
    talk.say("go")
    assert over(process) == (0, f"{outside}\n", "")


def test_a_launcher_looks_through_a_gate_given_by_its_path(site: Site) -> None:
    site.gated("cc", "echo $0")
    process, talk, asked = site.ask(str(site.program), str(site.folder / "bin" / "cc"), "a.o")
    assert asked[-2:] == [str(site.folder / "scripts" / "cc"), "a.o"]
    talk.say("go")
    assert over(process)[0] == 0
    assert site.broker.quiet()


def test_a_gate_below_a_gate_does_not_ask_again(site: Site) -> None:
    site.script("ld", "echo linked $1")
    site.script("cc", "ld b.o")
    site.furnish({name: str(site.folder / "scripts" / name) for name in ("cc", "ld")})
    process, talk, _ = site.ask("cc", "a.o")
    talk.say("go")
    assert over(process) == (0, "linked b.o\n", "")
    assert site.broker.quiet()


@pytest.mark.parametrize(
    ("expected", "environment"),
    [
        ("", {}),
        ("3,4", {"MAKELEVEL": "1", "MAKEFLAGS": " -j8 --jobserver-auth=3,4"}),
        ("5,6", {"MAKELEVEL": "2", "MAKEFLAGS": "--jobserver-fds=3,4 -j --jobserver-auth=5,6"}),
        ("fifo:/tmp/f", {"MAKELEVEL": "1", "MAKEFLAGS": "w -j2 --jobserver-auth=fifo:/tmp/f"}),
        (
            "3,4",
            {"MAKELEVEL": "1", "MAKEFLAGS": "--jobserver-auth=3,4 -- A=\\ --jobserver-auth=1,2"},
        ),
        ("", {"MAKELEVEL": "1", "MAKEFLAGS": "w -- A=--jobserver-auth=1,2"}),
        ("", {"MAKELEVEL": "0", "MAKEFLAGS": "--jobserver-auth=3,4"}),
        ("", {"MAKEFLAGS": "--jobserver-auth=3,4"}),
        ("8,9", {"CARGO_MAKEFLAGS": "-j --jobserver-fds=8,9 --jobserver-auth=8,9"}),
        ("8,9", {"MAKELEVEL": "1", "MAKEFLAGS": "w", "CARGO_MAKEFLAGS": "--jobserver-auth=8,9"}),
        ("3,4", {"MAKELEVEL": "1", "MAKEFLAGS": "--jobserver-auth=3,4", "CARGO_MAKEFLAGS": "x"}),
    ],
)
def test_the_jobserver_is_told(site: Site, expected: str, environment: dict[str, str]) -> None:
    site.gated("cc", "")
    process, talk, asked = site.ask("cc", "-c", "a.c", **environment)
    assert asked[5] == expected
    talk.say("fresh")
    over(process)


def test_low_descriptors_stay_free_for_a_jobserver(site: Site) -> None:
    site.gated("cc", "exec ls /proc/self/fd")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("go")
    numbers = sorted(int(number) for number in over(process)[1].split())
    assert numbers[:3] == [0, 1, 2]
    assert [number for number in numbers[3:] if number < 100] == [3]  # what ls itself reads
    assert len(numbers) == 5  # and the connection

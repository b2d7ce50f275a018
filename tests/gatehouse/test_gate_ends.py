"""Whoever dies, the gate, the broker or the compiler: nothing runs that nobody accounts for."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fake_broker import PATIENCE, FakeBroker
from gated import over

if TYPE_CHECKING:
    from gated import Site

GONE = "wheelforge-gate: wheelforge is gone, so nothing is compiled any more\n"


def two_processes(site: Site) -> None:
    """Gate a compiler like gcc: a driver that waits for the process that does the work."""
    site.script("worker", "echo $$ > part; mv part worker; exec sleep 1000")
    site.gated("cc", f"{site.folder}/scripts/worker; exit 9")


def worker(site: Site) -> int:
    """The pid of what the driver started, once it runs."""
    return int(appears(site.folder / "worker"))


def appears(path: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not appear"
        time.sleep(0.01)
    return path.read_text()


def running(pid: int) -> bool:
    """Whether a process does something still; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(*pids: int) -> bool:
    """Whether all of them end soon."""
    deadline = time.monotonic() + PATIENCE
    while any(running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not any(running(pid) for pid in pids)


def test_without_a_listener_nothing_is_compiled(site: Site, broker: FakeBroker) -> None:
    site.gated("cc", "echo ran")
    broker.close()
    assert site.run("cc", "-c", "a.c") == (1, "", GONE)


@pytest.mark.parametrize("path", ["/no/such/folder/socket", "/" + "x" * 200])
def test_a_socket_that_is_no_socket_is_an_error(site: Site, path: str) -> None:
    site.gated("cc", "echo ran")
    code, out, error = site.run("cc", "-c", "a.c", WHEELFORGE_BROKER=path)
    assert (code, out) == (1, "")
    assert error.startswith("wheelforge-gate: ")


def test_a_broker_that_dies_before_it_answers_ends_the_gate(site: Site) -> None:
    site.gated("cc", "echo ran")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.close()
    assert over(process) == (1, "", GONE)


def test_an_answer_that_means_nothing_starts_nothing(site: Site) -> None:
    site.gated("cc", "echo ran")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("perhaps")
    code, out, error = over(process)
    assert (code, out) == (1, "")
    assert "'perhaps'" in error


def test_a_broker_that_dies_takes_the_compilers_with_it(site: Site) -> None:
    two_processes(site)
    process, talk, _ = site.ask("cc", "-c", "a.c")
    pids = [talk.started(), worker(site)]
    talk.close()
    assert over(process) == (1, "", GONE)
    assert gone(*pids)


def test_a_failure_is_told_also_when_the_broker_died_meanwhile(site: Site) -> None:
    site.gated("cc", "echo error >&2; exit 5")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("go")
    talk.hear()
    talk.close()
    assert over(process) == (5, "", "error\n")


def test_the_slot_of_a_killed_gate_is_held_until_all_of_the_compiler_has_ended(site: Site) -> None:
    two_processes(site)
    process, talk, _ = site.ask("cc", "-c", "a.c")
    child, work = talk.started(), worker(site)
    process.kill()
    assert over_without_output(process) == -signal.SIGKILL
    assert gone(child)  # it dies with the gate
    assert talk.open_for(0.2)
    assert running(work)
    os.kill(work, signal.SIGKILL)
    assert talk.hear() == []


def over_without_output(process: subprocess.Popen[str]) -> int:
    """As `over`, where something still holds its output."""
    code = process.wait(PATIENCE)
    for stream in (process.stdout, process.stderr):
        assert stream
        stream.close()
    return code


def test_what_a_killed_driver_leaves_is_gone_before_the_next_attempt(site: Site) -> None:
    two_processes(site)
    process, talk, _ = site.ask("cc", "-c", "a.c")
    child, work = talk.started(), worker(site)
    os.kill(child, signal.SIGKILL)
    assert talk.hear()[5] == "1"
    assert gone(work)
    talk.say("over")
    assert over(process)[0] == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_reach_all_of_the_compiler(site: Site, number: signal.Signals) -> None:
    two_processes(site)
    process, talk, _ = site.ask("cc", "-c", "a.c")
    pids = [talk.started(), worker(site)]
    process.send_signal(number)
    assert over(process)[0] == -number
    assert gone(*pids)
    assert talk.hear()[0] == "ended"
    assert talk.hear() == []


def test_a_signal_waits_for_what_the_compiler_makes_of_it(site: Site) -> None:
    site.script("worker", "echo $$ > part; mv part worker; exec sleep 1000")
    tidy = "trap 'echo tidied; echo sorry >&2; exit 0' TERM"
    site.gated("cc", f"{tidy}; {site.folder}/scripts/worker & wait")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("go")
    worker(site)  # before it executes it has the shell's trap, and would lose the signal
    process.terminate()
    assert over(process) == (-signal.SIGTERM, "tidied\n", "sorry\n")


def test_a_stopped_compiler_takes_signals_as_well(site: Site) -> None:
    site.gated("cc", "exec sleep 1000")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    child = talk.started()
    os.killpg(child, signal.SIGSTOP)
    process.terminate()
    assert over(process)[0] == -signal.SIGTERM
    assert gone(child)


def test_a_gate_that_waits_for_an_answer_can_be_ended(site: Site) -> None:
    site.gated("cc", "echo ran")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    process.terminate()
    assert over(process) == (-signal.SIGTERM, "", "")
    assert talk.hear() == []


def test_a_signal_the_caller_ignores_stays_ignored(site: Site) -> None:
    site.script("nohup-cc", "trap '' HUP; exec cc -c a.c")
    site.gated("cc", "touch ready; while ! test -e done; do sleep 0.01; done")
    process, talk, _ = site.ask(str(site.folder / "scripts" / "nohup-cc"))
    talk.say("go")
    appears(site.folder / "ready")
    process.send_signal(signal.SIGHUP)
    (site.folder / "done").touch()
    assert over(process) == (0, "", "")


def test_a_caller_that_ignores_the_ends_of_children_changes_nothing(site: Site) -> None:
    site.gated("cc", "exit 4")
    code = "import os, signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
    process, talk, _ = site.ask("python3", "-c", f"{code}os.execvp('cc', ['cc', '-c', 'a.c'])")
    talk.say("go")
    talk.hear()
    talk.say("over")
    assert over(process)[0] == 4


def test_the_compiler_leads_a_group_of_its_own_and_has_the_callers_signal_mask(site: Site) -> None:
    site.gated("cc", "exec python3 -c 'import os, signal; print(os.getpgrp() == os.getpid(), "
               "sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))'")  # fmt: skip
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("go")
    assert over(process) == (0, "True []\n", "")


def test_the_pid_told_is_the_compilers(site: Site) -> None:
    site.gated("cc", "echo $$; exec sleep 0.3")
    process, talk, _ = site.ask("cc", "-c", "a.c")
    child = talk.started()
    assert over(process)[1] == f"{child}\n"


def test_the_peak_of_memory_and_the_times_are_the_compilers(site: Site) -> None:
    busy = "data = bytearray(80 << 20); [hash(str(n)) for n in range(400_000)]"
    site.gated("cc", f"python3 -c '{busy}'")  # two processes: a driver and what it starts
    process, talk, _ = site.ask("cc", "-c", "a.c")
    talk.say("go")
    _, _, peak, user, _, _, _ = talk.hear()
    assert (80 << 10) <= int(peak) < (400 << 10)
    assert int(user) > 0
    over(process)

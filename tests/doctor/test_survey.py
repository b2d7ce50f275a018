from __future__ import annotations

import http.server
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from builders import COMPILERS
from wheelforge.doctor import Machine, Need, diagnose
from wheelforge.doctor.survey import Asked, ground, kernel, reach, survey, toolbox
from wheelforge.doctor.survey.errand import Errand
from wheelforge.fetch.pip_settings import PipSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_PLACE = Path("/proc/no/such/place")


def looked() -> Machine:
    return survey(Asked(
        home=NO_PLACE, wheelhouse=NO_PLACE, toolchain=None, compilers=None, trouble=None,
        python="", programs=(), index=False,
    ))  # fmt: skip


def test_a_look_at_this_machine_asks_nothing_of_it() -> None:
    machine = looked()
    assert machine.machine == os.uname().machine
    assert machine.processors[0].amount >= 1
    assert machine.memory[0].amount > 0
    assert not machine.home.writable
    assert machine.tools.absent == ("cc", "cxx", "fc")
    assert diagnose(machine, Need())


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    place = ground.place(tmp_path / "a/b")
    assert place.writable
    assert place.executable
    assert place.locks
    assert place.free > 0
    assert place.kind
    assert abs(place.skew) < 2
    assert list(tmp_path.iterdir()) == []


def test_the_deepest_mount_point_counts(tmp_path: Path) -> None:
    (tmp_path / "in side").mkdir()
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/a rw\nbroken line\n"
        f"2 1 8:2 / {tmp_path}/in\\040side rw shared:1 - lustre x rw\n"
    )
    assert ground.place(tmp_path / "in side/x", mounts).kind == "lustre"
    assert ground.place(tmp_path, mounts).kind == "ext4"
    assert ground.place(tmp_path, tmp_path / "no").kind == ""


def test_paths_below_home_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert ground.shown(Path("/home/me/a")) == "~/a"
    assert ground.shown(Path("/opt/a")) == "/opt/a"


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def test_what_the_kernel_says(tmp_path: Path) -> None:
    write(tmp_path, "proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd sve bf16\n")
    write(tmp_path, "etc/os-release", 'NAME="X"\nPRETTY_NAME="Some Linux 9"\n')
    write(tmp_path, "sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n")
    assert kernel.features(tmp_path) == {"fp", "asimd", "sve", "bf16"}
    assert kernel.system(tmp_path) == "Some Linux 9"
    assert kernel.kernel(tmp_path).huge_pages == "madvise"


def test_a_kernel_that_says_nothing(tmp_path: Path) -> None:
    assert kernel.features(tmp_path) == frozenset()
    assert kernel.system(tmp_path) == ""
    assert kernel.kernel(tmp_path).huge_pages == ""


def test_an_errand_that_fails_or_is_late_has_its_default() -> None:
    now = time.monotonic()
    assert Errand(lambda: 1 // 0, 7).result(now + 5) == 7
    assert Errand(lambda: time.sleep(1) or 1, 7).result(now + 0.01) == 7
    assert Errand(lambda: 1, 7).result(now + 5) == 1


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("exit 0", ""),
        ("echo noise; echo 'ld: cannot find -lgomp' >&2; echo more; exit 1",
         "ld: cannot find -lgomp"),
        ("echo strange; exit 1", "strange"),
        ("exit 1", "it says nothing"),
    ],
)  # fmt: skip
def test_what_a_compiler_says(tmp_path: Path, script: str, expected: str) -> None:
    compiler = tmp_path / "c++"
    compiler.write_text(f"#!/bin/sh\n{script}\n")
    compiler.chmod(0o755)
    found = msgspec.structs.replace(COMPILERS, paths={"cxx": str(compiler)})
    assert toolbox.compiling(found, toolbox.PLAIN) == expected


def test_a_compiler_that_does_not_start() -> None:
    found = msgspec.structs.replace(COMPILERS, paths={"cxx": "/no/such"})
    assert "cannot start it" in toolbox.compiling(found, toolbox.PLAIN)


def test_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "someprogram"
    program.write_text("#!/bin/sh\necho someprogram version 3.2.1-x\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = toolbox.program("someprogram")
    assert found is not None
    assert found.version == "3.2.1"
    program.write_text("#!/bin/sh\nexit 1\n")
    assert (found := toolbox.program("someprogram")) is not None
    assert found.version == ""
    assert toolbox.program("nosuchprogram") is None


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(403 if self.path.startswith("/closed") else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as running:
        threading.Thread(target=running.serve_forever).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_what_can_be_reached(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = PipSettings(
        index_url=f"{server}/simple",
        extra_index_urls=(f"{server}/closed", tmp_path.as_uri(), (tmp_path / "no").as_uri()),
    )
    monkeypatch.setattr(reach.pip_settings, "read", lambda: settings)
    found = reach.network([server, "http://127.0.0.1:1", "ssh://127.0.0.1:1"], index=True)
    assert [item.fault for item in found.indexes] == ["", "HTTP status 403", "", "no such folder"]
    assert [item.fault for item in found.hosts] == ["", "no connection", "Connection refused"]


def test_pip_without_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = PipSettings(index_url="https://x.test", no_index=True)
    monkeypatch.setattr(reach.pip_settings, "read", lambda: settings)
    assert reach.network([], index=True).trouble == "pip is told to use no index"

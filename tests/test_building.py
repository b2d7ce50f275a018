from __future__ import annotations

import asyncio
import io
import os
import socket
import subprocess
import sys
import tarfile
import threading
import time
from typing import TYPE_CHECKING

import pytest

from fake_wheels import make_wheel
from jobs import KEY, PATH, Bench, build_step, shell, source
from wheelforge import building, digest, process, sandbox
from wheelforge.building import build
from wheelforge.errors import BuildError, InputError
from wheelforge.events import CommandStarted, Notice
from wheelforge.graph import Command, Environment
from wheelforge.pin import PinnedPatch
from wheelforge.recipe import Install
from wheelforge.wheel import read

if TYPE_CHECKING:
    from pathlib import Path

KEEP_MADE = Install(keep=("made",))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def labels(bench: Bench) -> list[str]:
    return [event.label for event in bench.told(CommandStarted)]


def test_what_the_install_mapping_takes_is_published(bench: Bench) -> None:
    (bench.tree / "inc").mkdir()
    for name in ("a.h", "b.h"):
        (bench.tree / "inc" / name).touch()
    (bench.tree / "libdemo.so").symlink_to("libdemo.so.1")
    (bench.tree / "libdemo.so.1").touch()
    install = Install(
        keep=("file", "inc/*.h", "**/a.h"), move={"lib*.so*": "lib", "libdemo.so": "lib"}
    )
    step = build_step(shell("one", "true"), unpack=(bench.source,), install=install)
    entry = bench.build(step)
    assert [item.path for item in entry.manifest.files] == [
        "file", "inc/a.h", "inc/b.h", "lib/libdemo.so", "lib/libdemo.so.1",
    ]  # fmt: skip
    assert (entry.path / "lib" / "libdemo.so").is_symlink()
    assert not (bench.home / "work" / KEY[:20]).exists()


def test_what_the_build_installs_itself_is_published(bench: Bench) -> None:
    script = "mkdir -p @{stage}@{prefix}/lib && echo @{prefix} > @{stage}@{prefix}/lib/x.pc"
    entry = bench.build(build_step(shell("install", script), unpack=(bench.source,)))
    assert (entry.path / "lib" / "x.pc").read_text() == f"{entry.path}\n"


@pytest.mark.parametrize(
    ("install", "says"),
    [
        (Install(), "nothing was installed"),
        (Install(keep=("*.so",)), r"nothing in the source tree matches '\*\.so'"),
        (Install(keep=("/etc/*",)), "leads outside the source tree"),
        (Install(move={"../*": "lib"}), "leads outside the source tree"),
        (Install(move={"*/same.h": "include"}), "two files of one name: .*one/same.h and .*two/"),
    ],
)
def test_an_install_mapping_that_cannot_be(bench: Bench, install: Install, says: str) -> None:
    for folder in ("one", "two"):
        (bench.tree / folder).mkdir()
        (bench.tree / folder / "same.h").touch()
    step = build_step(shell("one", "true"), unpack=(bench.source,), install=install)
    with pytest.raises((BuildError, InputError), match=says):
        bench.build(step)
    assert not list(bench.store.entries())


def test_after_a_failure_the_build_goes_on_where_it_stopped(bench: Bench) -> None:
    mended = bench.root / "mended"
    second = f"echo second >> made; test -e {mended} || {{ echo 'error: no'; exit 3; }}"
    step = build_step(
        shell("first", "echo first >> made"),
        shell("second", second),
        shell("third", "echo third >> made"),
        unpack=(bench.source,),
        install=KEEP_MADE,
    )
    with pytest.raises(BuildError, match="second failed with exit code 3: error: no") as caught:
        bench.build(step)
    assert str(bench.logs / "build-demo.log") in caught.value.remedy
    assert "again: wheelforge step run PLAN STEP" in caught.value.remedy
    mended.touch()
    entry = bench.build(step)
    assert labels(bench) == ["first", "second", "second", "third"]
    assert (entry.path / "made").read_text().split() == ["first", "second", "second", "third"]


def test_a_command_that_changed_is_not_taken_for_done(bench: Bench) -> None:
    for number in (1, 2):
        step = build_step(
            shell("first", f"echo {number} >> made"),
            shell("last", "exit 1"),
            unpack=(bench.source,),
        )
        with pytest.raises(BuildError):
            bench.build(step)
    assert (bench.home / "work" / KEY[:20] / "src" / "made").read_text() == "1\n2\n"


def test_the_log_can_be_typed_again(bench: Bench) -> None:
    step = build_step(shell("one", "echo 'a  b' > made"), unpack=(bench.source,), install=KEEP_MADE)
    bench.build(step)
    src = bench.home / "work" / KEY[:20] / "src"
    assert bench.log() == f"$ cd {src}\n$ sh -c 'echo '\"'\"'a  b'\"'\"' > made'\n"


def test_the_environment_is_the_steps_and_nothing_of_the_callers(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CANARY", "LD_PRELOAD_X", "PYTHONPATH", "CFLAGS", "HOME"):
        monkeypatch.setenv(name, "tweet")
    env = {**PATH, "OWN": "@{src}:@{jobs}"}
    command = Command(label="env", argv=("/usr/bin/env",), cwd="@{src}", offline=True)
    step = build_step(
        command, shell("made", "touch made"), unpack=(bench.source,), install=KEEP_MADE, env=env
    )
    bench.build(step)
    work = bench.home / "work" / KEY[:20]
    found = set(bench.log().partition("env\n")[2].partition("$ cd")[0].splitlines())
    assert found == {*(f"{n}={v}" for n, v in PATH.items()), f"OWN={work}/src:3",
                     f"{process.MARK}={work}", f"UV_CACHE_DIR={bench.home}/uv"}  # fmt: skip


@pytest.mark.parametrize("offline", [True, False])
def test_the_network_is_off_where_the_kernel_allows(bench: Bench, offline: bool) -> None:
    if offline and not sandbox.offline_prefix():
        pytest.skip("this kernel or batch system gives no network namespaces")
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = (
            "import socket, sys; "
            f"socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 10)"
        )
        connect = Command(label="connect", argv=(sys.executable, "-c", code), offline=offline)
        step = build_step(
            connect, shell("made", "touch made"), unpack=(bench.source,), install=KEEP_MADE
        )
        if offline:
            with pytest.raises(BuildError, match=r"connect failed .* Network is unreachable"):
                bench.build(step)
        else:
            bench.build(step)


def test_a_program_that_is_not_there(bench: Bench) -> None:
    command = Command(label="one", argv=("no-such-tool", "-x"), cwd="@{src}")
    with pytest.raises(InputError, match="build:demo: there is no program 'no-such-tool'"):
        bench.build(build_step(command, unpack=(bench.source,)))


def test_an_unknown_placeholder(bench: Bench) -> None:
    with pytest.raises(InputError, match=r"build:demo: '@\{nowhere\}' is not known here"):
        bench.build(build_step(shell("one", "echo @{nowhere}"), unpack=(bench.source,)))


def test_a_time_limit_is_told_as_such(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE_SECONDS", 0.5)
    step = build_step(
        shell("one", "echo working; sleep 600"), unpack=(bench.source,), timeout_minutes=0.005
    )
    with pytest.raises(BuildError, match="one was ended after its time limit of 0 s: working"):
        bench.build(step)


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            item = tarfile.TarInfo(f"demo-1.0/{name}")
            item.size = len(data)
            tar.addfile(item, io.BytesIO(data))
    return path


def test_archives_and_folders_nest(bench: Bench) -> None:
    outer = archive(bench.root / "a.tgz", {"file": b"outer", "third/old": b"old"})
    (bench.tree / ".git").mkdir()
    step = build_step(
        shell("one", "cat file third/*  > made; ls -a third >> made"),
        unpack=(source(outer), source(bench.tree, at="third")),
        install=KEEP_MADE,
    )
    entry = bench.build(step)
    assert (entry.path / "made").read_text() == "outertext\n.\n..\nfile\n"


@pytest.mark.parametrize("at", ["../beside", "/abs", "a/../../b"])
def test_a_nested_source_stays_inside(bench: Bench, at: str) -> None:
    step = build_step(unpack=(bench.source, source(bench.tree, at=at)))
    with pytest.raises(InputError, match="leads outside the source tree"):
        bench.build(step)


def test_a_source_that_changed_since_it_was_planned(bench: Bench) -> None:
    good = f"tree:{digest.of_tree(bench.tree)}"
    step = build_step(
        shell("one", "cp file made"), unpack=(source(bench.tree, good),), install=KEEP_MADE
    )
    (bench.tree / "file").write_text("edited meanwhile")
    with pytest.raises(InputError, match="tree: it changed since the build was planned"):
        bench.build(step)
    (bench.tree / "file").write_text("text\n")
    assert (bench.build(step).path / "made").read_text() == "text\n"


def patch(bench: Bench, text: str, sha256: str = "") -> PinnedPatch:
    file = bench.root / "fix.patch"
    file.write_text(text)
    return PinnedPatch(file=str(file), sha256=sha256 or digest.of_file(file), strip=1)


GOOD_PATCH = "--- a/file\n+++ b/file\n@@ -1 +1 @@\n-text\n+mended\n"


def test_a_patch_is_applied_once(bench: Bench) -> None:
    step = build_step(
        shell("one", "cp file made"),
        shell("two", "exit 1"),
        unpack=(bench.source,),
        patches=(patch(bench, GOOD_PATCH),),
        install=KEEP_MADE,
    )
    for _ in range(2):
        with pytest.raises(BuildError, match="two failed"):
            bench.build(step)
    assert (bench.home / "work" / KEY[:20] / "src" / "made").read_text() == "mended\n"
    assert labels(bench) == ["patch-1", "one", "two", "two"]


def test_a_patch_that_does_not_apply(bench: Bench) -> None:
    wrong = patch(bench, GOOD_PATCH.replace("-text", "-other"))
    step = build_step(unpack=(bench.source,), patches=(wrong,))
    with pytest.raises(BuildError, match=r"patch-1 failed with exit code 1: .*FAILED at 1"):
        bench.build(step)
    assert not (bench.home / "work" / KEY[:20] / "src").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD_PATCH, r"fix\.patch: its SHA-256 is .*, and the recipe says 000"),
        ("", r"fix\.patch: cannot be read: No such file"),
    ],
)
def test_a_patch_with_another_digest_or_none(bench: Bench, text: str, says: str) -> None:
    wrong = patch(bench, text, "0" * 64)
    if not text:
        os.unlink(wrong.file)  # noqa: PTH108
    with pytest.raises(InputError, match=says):
        bench.build(build_step(unpack=(bench.source,), patches=(wrong,)))


@pytest.mark.parametrize("count", [0, 2])
def test_a_build_leaves_exactly_one_wheel(bench: Bench, count: int) -> None:
    for number in range(count):
        make_wheel(bench.tree, "demo", f"1.{number}")
    step = build_step(
        shell("wheel", "cp *.whl @{wheels} || true"), unpack=(bench.source,), result="wheel"
    )
    with pytest.raises(BuildError, match=f"build:demo: it left {count} wheels instead of one"):
        bench.build(step)


def test_only_the_wheel_is_published(bench: Bench) -> None:
    made = make_wheel(bench.tree, "demo")
    script = "cp *.whl @{wheels}; touch @{wheels}/.gitignore; mkdir @{wheels}/logs"
    entry = bench.build(build_step(shell("wheel", script), unpack=(bench.source,), result="wheel"))
    assert read(entry.product)[:-1] == read(made)[:-1]  # all but when it was packed
    assert [item.path for item in entry.manifest.files] == [made.name]


@pytest.mark.parametrize(
    ("files", "path"),
    [
        (("include/x.h", "include/y.h"), ""),
        (("lib/libx.so.1", "lib/libx.so.1"), "lib/libx.so.1"),
        (("include/sub/x.hpp", "include/sub/x.hpp"), "include/sub/x.hpp"),
        (("build/libx.so", "build/libx.so"), "build/libx.so"),
        (("mini/x.h", "mini/x.h"), "mini/x.h"),
        (("lib64/libx.a", "lib64/libx.a"), "lib64/libx.a"),
        (("LICENSE", "LICENSE"), ""),
        (("share/doc/x.txt", "share/doc/x.txt"), ""),
    ],
)
def test_two_libraries_with_the_same_header_or_library(
    bench: Bench, files: tuple[str, str], path: str
) -> None:
    results = {
        f"build:{name}": bench.entry(name, {file: name})
        for name, file in zip(("one", "two"), files, strict=True)
    }
    step = build_step(
        shell("one", "touch made"),
        unpack=(bench.source,),
        install=KEEP_MADE,
        libraries={"one": "build:one", "two": "build:two"},
    )
    if not path:
        bench.build(step, results)
        return
    with pytest.raises(InputError, match=f"build:demo: one and two both bring {path}"):
        bench.build(step, results)
    assert labels(bench) == []


def test_libraries_are_where_the_commands_are_told(bench: Bench) -> None:
    entry = bench.entry("my-lib", {"include/x.h": "declares"})
    step = build_step(
        shell("one", "cat @{dep.my-lib}/include/x.h > made"),
        unpack=(bench.source,),
        install=KEEP_MADE,
        libraries={"my-lib": "build:my-lib"},
    )
    made = bench.build(step, {"build:my-lib": entry})
    assert (made.path / "made").read_text() == "declares"


def test_a_wheel_is_built_in_an_environment_of_its_own(bench: Bench) -> None:
    """Holding exactly the wheels of dependencies; made once, also when the build is resumed."""
    wheel = make_wheel(bench.root / "dep", "dep", "2.0")
    entry = bench.entry("dep", {wheel.name: wheel.read_bytes()}, wheel.name)
    mended = bench.root / "mended"
    step = build_step(
        Command(label="use", argv=("@{env}/bin/python", "-c", "import dep; print(dep.VERSION)")),
        shell("made", f"test -e {mended} && touch made"),
        unpack=(bench.source,),
        install=KEEP_MADE,
        environment=Environment(python=sys.executable, wheels=None, install=("repair:dep",)),
        env={**PATH, "HOME": "@{work}/home"},
    )
    with pytest.raises(BuildError):
        bench.build(step, {"repair:dep": entry})
    mended.touch()
    bench.build(step, {"repair:dep": entry})
    assert labels(bench) == ["environment", "requirements", "use", "made", "made"]
    assert "\n2.0\n" in bench.log()


def test_cancelled_while_it_unpacks_the_next_run_starts_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that unpacks is waited for before the folder is given up."""
    unpacking = building._sources
    began, written = threading.Event(), list[str]()

    def slow(*_: object) -> None:
        (bench.home / "work" / KEY[:20] / "src.part").mkdir(parents=True)
        (bench.home / "work" / KEY[:20] / "src.part" / "half").touch()
        began.set()
        time.sleep(0.2)
        written.append("ended")

    step = build_step(shell("one", "ls > made"), unpack=(bench.source,), install=KEEP_MADE)

    async def cancelled() -> None:
        task = asyncio.ensure_future(build(bench.job(step), step))
        assert await asyncio.to_thread(began.wait, 20)
        task.cancel()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert written == ["ended"]

    monkeypatch.setattr(building, "_sources", slow)
    asyncio.run(cancelled())
    assert not (bench.home / "work" / KEY[:20] / "src").exists()
    monkeypatch.setattr(building, "_sources", unpacking)
    assert (bench.build(step).path / "made").read_text().split() == ["file", "made"]


SLOW_UNPACK = """
import sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from jobs import Bench, build_step, shell
from wheelforge import atomic
copy = atomic.copy_member
def slow(source, target):
    copy(source, target)
    print("copied", flush=True)
    time.sleep(600)
atomic.copy_member = slow
bench = Bench.__new__(Bench)
bench.root, bench.events = Path(sys.argv[1]), []
Path.mkdir(bench.root / "elsewhere")
real, bench.root = bench.root, bench.root / "elsewhere"
bench.__post_init__()
bench.root, bench.tree, bench.home = real, real / "tree", real / "home"
step = build_step(shell("one", "ls > made"), unpack=(bench.source,))
bench.build(step)
"""


def test_killed_while_it_unpacks_the_next_run_starts_anew(bench: Bench) -> None:
    (bench.tree / "more").touch()
    argv = [sys.executable, "-c", SLOW_UNPACK, str(bench.root), os.path.dirname(__file__)]  # noqa: PTH120
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as forge:
        assert forge.stdout is not None
        assert forge.stdout.readline() == b"copied\n"
        forge.kill()
    work = bench.home / "work" / KEY[:20]
    assert (work / "src.part").is_dir()
    assert not (work / "src").exists()
    (work / "src.part" / "rubbish").touch()
    step = build_step(shell("one", "ls > made"), unpack=(bench.source,), install=KEEP_MADE)
    assert (bench.build(step).path / "made").read_text().split() == ["file", "made", "more"]


def test_two_builds_of_the_same_at_once_do_the_work_once(bench: Bench) -> None:
    log = bench.root / "compiles"
    step = build_step(
        shell("one", f"echo x >> {log}; sleep 0.3; touch made"),
        unpack=(bench.source,),
        install=KEEP_MADE,
    )

    async def twice() -> list[bool]:
        jobs = [bench.job(step), bench.job(step)]
        entries = await asyncio.gather(*(build(job, step) for job in jobs))
        assert entries[0] == entries[1]
        return sorted(job.reused for job in jobs)

    assert asyncio.run(twice()) == [False, True]
    assert log.read_text() == "x\n"
    assert [event.text for event in bench.told(Notice)] == [
        "build:demo: waiting for another build of the same"
    ]


def test_a_damaged_result_is_built_again(bench: Bench) -> None:
    step = build_step(shell("one", "echo 1 > made"), unpack=(bench.source,), install=KEEP_MADE)
    (bench.build(step).path / "made").write_text("22")
    assert (bench.build(step).path / "made").read_text() == "1\n"
    [notice] = bench.told(Notice)
    assert "made has 2 bytes instead of 2" not in notice.text
    assert "the store's entry was damaged (made differs" in notice.text


def test_a_full_disk_is_told_with_the_place(bench: Bench) -> None:
    script = "echo 'cc1plus: fatal error: a.o: No space left on device'; exit 1"
    with pytest.raises(InputError, match="no space left on the device") as caught:
        bench.build(build_step(shell("one", script), unpack=(bench.source,)))
    assert caught.value.where == str(bench.home)
    assert "WHEELFORGE_HOME" in caught.value.remedy

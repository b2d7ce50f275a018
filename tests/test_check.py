from __future__ import annotations

import asyncio
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING

import msgspec
import pytest

from cross import needs_cross
from elves import make_elf
from fake_wheels import make_wheel
from jobs import Bench
from small_code import mixed
from wheelforge.check import check
from wheelforge.errors import RejectedError
from wheelforge.events import OutputLine
from wheelforge.graft import COPIED
from wheelforge.graph import CheckStep, IsaCheck, WheelSet
from wheelforge.interpreter import Interpreter
from wheelforge.recipe import ElfCheck, FileCheck, PythonCheck

if TYPE_CHECKING:
    from pathlib import Path

    from wheelforge.recipe import Check
    from wheelforge.store import Entry

HERE = Interpreter(
    path=sys.executable,
    version=".".join(map(str, sys.version_info[:3])),
    tag=f"cp{sys.version_info[0]}{sys.version_info[1]}",
    soabi=str(sysconfig.get_config_var("SOABI")),
    platform=sysconfig.get_platform(),
)
LIBRARY = make_elf(
    needed=["libblas.so.3", "libdnn-0a1b2c3d.so.2"], alignment=0x1000, more=b"multi_isa=1"
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def library(bench: Bench) -> Entry:
    """A result with libraries, links and other files."""
    folder = bench.root / "made" / "lib" / "lib"
    folder.mkdir(parents=True)
    (folder / "libx.so").symlink_to("libx.so.1")
    (folder / "libaway.so").symlink_to("/bin/sh")
    (folder / "libgone.so").symlink_to("libgone.so.7")
    files: dict[str, str | bytes] = {
        "lib/libx.so.1": LIBRARY, "lib/script.so": "INPUT(libx.so.1)", "include/x.h": "",
        "lib/cut.so": LIBRARY[:80],
    }  # fmt: skip
    return bench.entry("lib", files)


def run(
    bench: Bench,
    entry: Entry,
    *checks: Check,
    install: tuple[str, ...] = (),
    wheels: WheelSet | None = None,
    isa: IsaCheck | None = None,
) -> Entry:
    step = CheckStep(
        id="check:lib", name="lib", version="1.0", needs=("build:lib",), of="build:lib",
        install=install, python=HERE, checks=checks, wheels=wheels, isa=isa,
    )  # fmt: skip
    return asyncio.run(check(bench.job(step, {"build:lib": entry}), step))


@pytest.mark.parametrize(
    "item",
    [
        FileCheck(path="lib/libx.so.1"),
        FileCheck(path="lib/*.so", count=4),
        FileCheck(path="**/*.h"),
        FileCheck(path="**/*.json", count=0),  # the store's own file does not count
        FileCheck(path="lib", count=0),  # nor does a folder
        FileCheck(path="share/*", count=0),
        ElfCheck(path="lib/libx.so.1"),
        ElfCheck(path="lib/libx.so"),
        ElfCheck(path="lib/libx.so", contains=("multi_isa=1",), min_alignment=0x1000),
        ElfCheck(path="lib/libx.so", needed=("libblas", "libblas.so", "libblas.so.3")),
        ElfCheck(path="lib/libx.so", needed=("libdnn.so", "libdnn.so.2", "libdnn-0a1b2c3d.so.2")),
    ],
)
def test_checks_that_hold(bench: Bench, library: Entry, item: FileCheck | ElfCheck) -> None:
    entry = run(bench, library, item)
    assert [file.path for file in entry.manifest.files] == ["passed.json"]
    [line] = bench.told(OutputLine)
    assert line.text.endswith(item.path)


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (FileCheck(path="lib/libx.so.1", count=2), "1 files match, not 2"),
        (FileCheck(path="nowhere"), "0 files match, not 1"),
        (ElfCheck(path="lib/*.so.9"), "no file matches"),
        (ElfCheck(path="lib/script.so"), r"lib/script\.so is not an ELF file"),
        (ElfCheck(path="lib/cut.so"), r"lib/cut\.so is not a sound ELF file"),
        (ElfCheck(path="lib/libaway.so"), r"lib/libaway\.so leads outside the result"),
        (ElfCheck(path="lib/libgone.s*"), r"lib/libgone\.so is not an ELF file"),
        (ElfCheck(path="lib/libx.so", contains=("multi_isa=0",)), "does not contain 'multi_isa=0'"),
        (ElfCheck(path="lib/libx.so", needed=("libbla",)), "does not need libbla"),
        (ElfCheck(path="lib/libx.so", needed=("libblas.so.4",)), r"does not need libblas\.so\.4"),
        (ElfCheck(path="lib/libx.so", min_alignment=0x10000), "to 4096 bytes, not 65536"),
        (ElfCheck(path="**/*.so"), "is not"),
    ],
)
def test_checks_that_fail(
    bench: Bench, library: Entry, item: FileCheck | ElfCheck, says: str
) -> None:
    with pytest.raises(RejectedError, match=says) as caught:
        run(bench, library, item)
    assert f"check:lib: the check of '{item.path}' failed" in str(caught.value)
    assert len(list(bench.store.entries())) == 1


def wheel(bench: Bench, *, code: str = "VALUE = 42") -> Entry:
    files = {"demo.py": code, "demo.libs/libx.so": "no library"}
    made = make_wheel(bench.root, "demo", files=files)
    return bench.entry("lib", {made.name: made.read_bytes()}, made.name)


def test_a_wheels_files_are_those_inside(bench: Bench) -> None:
    run(bench, wheel(bench), FileCheck(path="demo.libs/*"), FileCheck(path="*.whl", count=0))


def test_a_wheels_elf_files_are_those_inside(bench: Bench) -> None:
    with pytest.raises(RejectedError, match=r"demo\.libs/libx\.so is not an ELF file"):
        run(bench, wheel(bench), FileCheck(path="demo.py"), ElfCheck(path="demo.libs/*"))


def test_python_checks_run_in_a_clean_environment(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(bench.root))
    monkeypatch.setenv("CANARY", "tweet")
    monkeypatch.chdir(bench.root)
    code = "import demo, os; assert demo.VALUE == 42; assert 'CANARY' not in os.environ"
    run(bench, wheel(bench), PythonCheck(name="value", code=code), install=("build:lib",))
    assert [line.text for line in bench.told(OutputLine)] == ["running: value", "passed: value"]
    assert not list((bench.home / "work").iterdir())


def test_a_python_check_that_fails_shows_its_last_lines(bench: Bench) -> None:
    code = "import demo\nprint('before')\nassert demo.VALUE == 43, f'it is {demo.VALUE}'"
    with pytest.raises(RejectedError, match="the check 'value' failed: ended with code 1") as found:
        run(bench, wheel(bench), PythonCheck(name="value", code=code), install=("build:lib",))
    assert "before\n" in str(found.value)
    assert "AssertionError: it is 42" in str(found.value)
    assert "AssertionError: it is 42" in bench.log("check-lib")
    assert os.path.exists(found.value.remedy.split("cd ")[1].split(" && ")[0])  # noqa: PTH110


def test_a_check_that_is_ended_by_an_instruction_says_which_and_where(bench: Bench) -> None:
    refused = {"x86_64": "ud2", "aarch64": "udf #0"}.get(platform.machine())
    if not shutil.which("cc") or refused is None:
        pytest.skip("no C compiler, or another machine")
    kernel = f'static __attribute__((noinline)) void kernel(void) {{ __asm__("nop; {refused}"); }}'
    source = f"{kernel}\nvoid go(void) {{ kernel(); }}\n"
    (bench.root / "x.c").write_text(source)
    words = ["cc", "-shared", "-fPIC", "-O1", "x.c", "-o", "x.so"]
    subprocess.run(words, cwd=bench.root, check=True)
    made = make_wheel(bench.root, "demo", files={
        "demo.py": "import ctypes, pathlib\nhere = pathlib.Path(__file__).parent\n"
                   "ctypes.CDLL(str(here / 'demo.libs/libx.so')).go()\n",
        "demo.libs/libx.so": (bench.root / "x.so").read_bytes(),
    })  # fmt: skip
    entry = bench.entry("lib", {made.name: made.read_bytes()}, made.name)
    with pytest.raises(RejectedError) as caught:
        run(bench, entry, PythonCheck(name="go", code="import demo"), install=("build:lib",))
    assert caught.value.where == "check:lib"
    assert caught.value.what.startswith("the check 'go' failed: ended by SIGILL: ")
    assert " in demo.libs/libx.so, function kernel+0x" in caught.value.what
    assert "lacks that instruction" in caught.value.remedy
    assert "to see it again" in caught.value.remedy
    assert "LD_PRELOAD" not in caught.value.remedy


def test_a_wheel_that_does_not_install_is_rejected(bench: Bench) -> None:
    made = make_wheel(bench.root, "demo", tag="cp38-cp38-manylinux_2_17_s390x")
    entry = bench.entry("lib", {made.name: made.read_bytes()}, made.name)
    item = PythonCheck(name="value", code="")
    with pytest.raises(RejectedError, match="check:lib: cannot be installed"):
        run(bench, entry, item, install=("build:lib",))


def test_what_it_requires_is_installed_and_what_was_built_wins(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = bench.root / "links"
    make_wheel(links, "helper", requires=["demo"])
    make_wheel(links, "demo", "9.0", files={"demo.py": "VALUE = 9"})
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    wheels = WheelSet(
        requires=("helper==1.0",), python=HERE.version, tag=HERE.tag,
        platform=HERE.platform.replace("-", "_"),
    )  # fmt: skip
    code = "import demo, helper; assert demo.VALUE == 42; assert helper.VERSION == '1.0'"
    item = PythonCheck(name="value", code=code)
    run(bench, wheel(bench), item, install=("build:lib",), wheels=wheels)


A64FX = IsaCheck(machine="aarch64", features=("asimd", "atomics", "fp", "sve"))


@needs_cross
def test_instructions_that_the_target_lacks(bench: Bench) -> None:
    code = mixed(bench.root).read_bytes()
    entry = bench.entry("lib", {"lib/libmixed.so": code})
    with pytest.raises(RejectedError, match=r"lib/libmixed.so needs dotprod, .*: multiply_dot "):
        run(bench, entry, isa=A64FX)


@needs_cross
def test_instructions_that_are_allowed(bench: Bench) -> None:
    code = mixed(bench.root).read_bytes()
    files: dict[str, str | bytes] = {"lib/libmixed.so": code, "lib/text.so": "no ELF",
                                     "bin/tool": make_elf(machine=62)}  # fmt: skip
    entry = bench.entry("lib", files)
    allowed = msgspec.structs.replace(A64FX, dispatch={"dotprod": ("*_dot",)})
    assert run(bench, entry, isa=allowed)
    assert [line.text for line in bench.told(OutputLine)] == ["passed: isa"]


@needs_cross
def test_what_auditwheel_brought_in_was_checked_before(bench: Bench) -> None:
    code = mixed(bench.root).read_bytes()
    assert run(bench, bench.entry("lib", {"own.libs/libmixed.so": code}), isa=A64FX)


@needs_cross
def test_so_was_what_the_repair_put_into_a_folder(bench: Bench) -> None:
    code = mixed(bench.root).read_bytes()
    files: dict[str, str | bytes] = {"own/a.so": code, "own/b.so": code, COPIED: "own/b.so\n"}
    with pytest.raises(RejectedError, match=r"own/a\.so needs dotprod"):
        run(bench, bench.entry("lib", files), isa=A64FX)
    entry = bench.entry("other", {"own/b.so": code, COPIED: "own/b.so\n"})
    assert run(bench, entry, isa=A64FX)

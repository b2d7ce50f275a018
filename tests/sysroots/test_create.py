"""Sysroots of packages: whole or not there, once, replaced at one stroke."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from systems import X86_64, Shop

from builders import refusal
from racing import race
from wheelforge import cli, sysroots
from wheelforge.catalog import load_sysroot
from wheelforge.pipeline import Home
from wheelforge.store import collect
from wheelforge.sysroots import kept

DEFINITION = load_sysroot("trixie-arm64")
COMMAND = [sys.executable, "-m", "wheelforge", "sysroot", "create", "trixie-arm64"]
Capture = pytest.CaptureFixture[str]


def create(home: Path, *, again: bool = False) -> sysroots.Created:
    return asyncio.run(sysroots.create(DEFINITION, home, lambda _: None, again=again))


def inside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def names(home: Path) -> list[str]:
    return inside(home / "sysroots")


def waiting(shop: Shop) -> subprocess.Popen[str]:
    """A creation in whose midst mmdebstrap waits."""
    (shop.folder / "wait").touch()
    command = subprocess.Popen(COMMAND, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while not (shop.folder / "waiting").exists():
        assert command.poll() is None
        time.sleep(0.01)
    return command


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody waited for has as well."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_what_was_unpacked_is_written_down(shop: Shop, home: Path) -> None:
    told: list[str] = []
    made, fresh = asyncio.run(sysroots.create(DEFINITION, home, told.append))
    assert fresh
    assert made.definition == DEFINITION
    assert made.sysroot.path == str(home / "sysroots/trixie-arm64/root")
    assert (made.sysroot.machine, made.sysroot.libc) == ("aarch64", "glibc 2.41")
    assert [(item.name, item.version, item.sha256) for item in made.sysroot.packages] == [
        ("libc6", "2:2.41-1", hashlib.sha256(b"the package").hexdigest()),
        ("tzdata", "2025b", hashlib.sha256(b"one").hexdigest()),
    ]
    assert made.archive == "https://one.invalid/debian"
    assert [line.split("s  ")[1] for line in told] == [
        "reading the package lists", "downloading packages", "unpacking packages",
    ]  # fmt: skip
    assert sysroots.listing(home) == (made,)
    assert sysroots.find("trixie-arm64", home, "aarch64") == made.sysroot
    assert "--variant=extract" in shop.calls[0]
    assert "Types: deb\n" in (shop.folder / "sources").read_text()


def test_nothing_leads_out_or_hides_what_the_host_has(shop: Shop, home: Path) -> None:
    assert shop.programs.is_dir()
    made = create(home).manifest
    root = Path(made.sysroot.path)
    assert inside(root) == ["bin", "etc", "lib", "sbin", "usr"]
    assert inside(root / "etc") == ["python3.13"]
    assert (root / "lib").readlink() == Path("usr/lib")
    assert (root / "usr/lib/aarch64-linux-gnu/libc.so.6").is_file()
    custom = root / "usr/lib/python3.13/sitecustomize.py"
    assert custom.readlink() == Path("../../../etc/python3.13/sitecustomize.py")
    assert custom.read_text() == "pass"
    assert not (root / "usr/share/doc").exists()
    assert inside(root.parent) == ["root", "sysroot.json"]
    text = (root.parent / "sysroot.json").read_text()
    assert str(home) not in text  # the folder may be moved
    assert "secret" not in text


def test_the_second_time_it_is_there(shop: Shop, home: Path) -> None:
    first = create(home).manifest
    assert create(home) == (first, False)
    assert len(shop.calls) == 1


def test_again_replaces_it(shop: Shop, home: Path) -> None:
    first = create(home).manifest
    (shop.folder / "tzdata").write_text("two")
    (kept.place(home, "trixie-arm64") / kept.ROOT / "old").touch()
    made, fresh = create(home, again=True)
    assert fresh
    assert made.sysroot.identity != first.sysroot.identity
    assert sysroots.find("trixie-arm64", home) == made.sysroot
    assert not (kept.place(home, "trixie-arm64") / kept.ROOT / "old").exists()
    assert names(home) == ["trixie-arm64"]
    (shop.folder / "tzdata").write_text("one")
    assert create(home, again=True).manifest.sysroot.identity == first.sysroot.identity


def test_a_replacement_that_fails_leaves_the_old_one(shop: Shop, home: Path) -> None:
    first = create(home).manifest
    (shop.folder / "broken").touch()
    refusal(lambda: create(home, again=True))
    assert sysroots.listing(home) == (first,)
    assert names(home) == ["trixie-arm64"]


def test_two_at_once_make_it_once(shop: Shop, home: Path) -> None:
    code = (
        "import asyncio\nfrom pathlib import Path\n"
        "from wheelforge import sysroots\nfrom wheelforge.catalog import load_sysroot\n"
        "definition = load_sysroot('trixie-arm64')\ngo()\n"
        "made = asyncio.run(sysroots.create(definition, Path(sys.argv[1]), lambda _: None))\n"
        "print(made.fresh, made.manifest.sysroot.identity)\n"
    )
    said = [text.split() for text in race(code, 3, home)]
    assert sorted(fresh for fresh, _ in said) == ["False", "False", "True"]
    assert len({identity for _, identity in said}) == 1
    assert len(shop.calls) == 1
    assert names(home) == ["trixie-arm64"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_leaves_nothing(shop: Shop, home: Path, number: int) -> None:
    command = waiting(shop)
    command.send_signal(number)
    _, said = command.communicate(timeout=30)
    assert (command.returncode, said) == (130, "stopped\n")
    assert names(home) == []
    assert gone(int(shop.calls[0].split()[0]))


def test_what_a_killed_one_left_is_swept_by_the_next(shop: Shop, home: Path) -> None:
    command = waiting(shop)
    command.kill()
    command.communicate(timeout=30)
    (left,) = names(home)
    assert left.startswith(".part-trixie-arm64-")
    assert sysroots.listing(home) == ()
    refusal(lambda: sysroots.find("trixie-arm64", home))
    (shop.folder / "wait").unlink()
    assert create(home).fresh
    assert names(home) == ["trixie-arm64"]


def test_another_ones_work_is_not_swept(shop: Shop, home: Path) -> None:
    assert shop.programs.is_dir()
    mine = home / f"sysroots/.part-other-{os.uname().nodename}-{os.getppid()}"
    mine.mkdir(parents=True)
    assert sysroots.sweep(home) == []
    assert mine.is_dir()


def test_what_is_not_whole_is_not_taken(shop: Shop, home: Path) -> None:
    assert shop.programs.is_dir()
    create(home)
    (home / "sysroots/trixie-arm64/sysroot.json").write_text("{")
    for work in (lambda: create(home), lambda: sysroots.find("trixie-arm64", home)):
        assert refusal(work).remedy == "wheelforge sysroot create trixie-arm64 --again"
    assert create(home, again=True).fresh
    assert len(sysroots.listing(home)) == 1


def test_it_may_be_copied_to_another_home(shop: Shop, home: Path, tmp_path: Path) -> None:
    assert shop.programs.is_dir()
    made = create(home).manifest.sysroot
    other = tmp_path / "shared"
    (home / "sysroots").rename(other)
    for path in (other / "trixie-arm64", other / "trixie-arm64/root"):
        found = sysroots.find(str(path), home, "aarch64")
        assert found == msgspec.structs.replace(made, path=str(other / "trixie-arm64/root"))


def test_without_mmdebstrap(shop: Shop, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop.programs / "mmdebstrap").unlink()
    monkeypatch.setenv("PATH", str(shop.programs))
    error = refusal(lambda: create(home))
    assert error.remedy.startswith("apt-get install mmdebstrap")
    assert names(home) == []


def test_without_apt(shop: Shop, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop.programs / "apt-config").unlink()
    monkeypatch.setenv("PATH", str(shop.programs))
    assert "apt is not installed" in refusal(lambda: create(home)).what


def test_without_an_archive_of_the_suite(shop: Shop, home: Path) -> None:
    shop.archive("jammy")
    error = refusal(lambda: create(home))
    assert error.what == "apt is configured for no archive that may hold trixie"


def test_without_network_or_keys(shop: Shop, home: Path) -> None:
    (shop.folder / "broken").touch()
    error = refusal(lambda: create(home))
    assert error.what.endswith(
        "trixie: https://one.invalid/debian: no public key; apt-get update failed"
    )
    assert "debian-archive-keyring" in error.remedy


@pytest.mark.parametrize(
    ("file", "content", "what"),
    [
        ("empty", "", "its packages hold no glibc for aarch64"),
        ("machine", str(X86_64), "its packages hold no glibc for aarch64, but one for x86_64"),
    ],
)
def test_packages_that_make_no_sysroot(
    shop: Shop, home: Path, file: str, content: str, what: str
) -> None:
    (shop.folder / file).write_text(content)
    assert refusal(lambda: create(home)).what == what
    assert names(home) == []


def test_garbage_collection_leaves_them(shop: Shop, home: Path) -> None:
    assert shop.programs.is_dir()
    made = create(home).manifest
    collect(Home.open().store, home, keep_days=0, dry_run=False)
    assert sysroots.listing(home) == (made,)


def test_the_verbs(shop: Shop, home: Path, capsys: Capture) -> None:
    assert shop.programs.is_dir()
    assert cli.main(["sysroot", "list"]) == 0
    assert "not created" in capsys.readouterr().out
    assert cli.main(["sysroot", "show", "trixie-arm64"]) == 0
    assert "no: wheelforge sysroot create trixie-arm64" in capsys.readouterr().out
    assert cli.main(["sysroot", "create", "trixie-arm64"]) == 0
    *_, summary, path = capsys.readouterr().out.splitlines()
    assert summary.startswith("trixie-arm64: glibc 2.41, Python 3.13, 2 packages, ")
    assert path == str(home / "sysroots/trixie-arm64/root")
    assert cli.main(["sysroot", "create", "trixie-arm64"]) == 0
    assert "--again makes it anew" in capsys.readouterr().out
    (made,) = sysroots.listing(home)
    assert cli.main(["sysroot", "list"]) == 0
    assert made.sysroot.identity[:12] in capsys.readouterr().out
    assert cli.main(["sysroot", "show", "trixie-arm64"]) == 0
    assert "libc6 2:2.41-1 sha256:" in capsys.readouterr().out
    assert cli.main(["sysroot", "show", "trixie-arm64", "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out, type=sysroots.Manifest) == made
    assert cli.main(["sysroot", "list", "--json"]) == 0
    assert msgspec.json.decode(capsys.readouterr().out, type=list[sysroots.Manifest]) == [made]

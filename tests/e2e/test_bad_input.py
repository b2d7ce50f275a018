"""Bad input: one clear error that names file, key or option and the remedy; nothing changes."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import subprocess
import tarfile
from pathlib import Path

import pytest

from command_line import Forge

pytestmark = pytest.mark.e2e

SCRIPT = """
name = "{name}"
kind = "library"
summary = "a test"
license = "MIT"
versions = ["1.0"]
{more}
[source]
{source}
[build]
backend = "script"
commands = [["sh", "-c", "{command}"]]
[install]
keep = ["made"]
"""
GOOD_COMMAND = "echo made > made"


@pytest.fixture
def tree(forge: Forge) -> str:
    """The lines of a [source] table that names a good folder."""
    folder = forge.root / "tree"
    folder.mkdir()
    (folder / "file").write_text("x")
    return f'type = "path"\npath = "{folder}"'


def _recipe(forge: Forge, name: str, source: str, more: str = "", command: str = "") -> Path:
    text = SCRIPT.format(name=name, source=source, more=more, command=command or GOOD_COMMAND)
    return forge.recipe(name, text)


def _refused(forge: Forge, *words: str, says: list[str], env: dict[str, str] | None = None) -> None:
    """The command fails with one error, code 1 and no change to store or wheelhouse."""
    watched = (forge.home / "store", forge.wheelhouse)
    before = forge.files(*watched)
    ran = forge.run(*words, env=env)
    assert ran.code == 1, ran.out + ran.err
    for text in says:
        assert text in ran.err, f"{text!r} is not in:\n{ran.err}"
    assert ran.err.count("error: ") == 1, ran.err
    assert "Traceback" not in ran.err
    assert forge.files(*watched) == before


def test_unknown_recipe_names_the_nearest(forge: Forge) -> None:
    _refused(forge, "build", "minitorhc", says=["no recipe 'minitorhc'", "minitorch"])
    assert not forge.home.exists()


def test_impossible_version(forge: Forge) -> None:
    _refused(forge, "build", "minitorch==9.9", says=["==9.9", "minitorch", "1.1.0"])
    _refused(forge, "build", "minitorch", "--pin", "miniacl=7", says=["--pin miniacl=7", "1.2.0"])
    assert not forge.home.exists()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("licence = 'x'", ["bad.toml", "licence", "unknown key", "license"]),
        ("versions = 3", ["bad.toml", "versions"]),
        ("depends = ['x']", ["bad.toml", "depends"]),
        ("depends = { bad = '*' }", ["depend on each other: bad → bad"]),
        ("depends = { other = '*' }", ["depend on each other: bad → other → bad"]),
        ("depends = { minib1as = '*' }", ["no recipe 'minib1as'", "miniblas"]),
    ],
)
def test_faulty_recipe(forge: Forge, tree: str, line: str, says: list[str]) -> None:
    text = SCRIPT.format(name="bad", source=tree, more=line, command=GOOD_COMMAND)
    if line.startswith("versions"):
        text = text.replace('versions = ["1.0"]\n', "", 1)
    forge.recipe("bad", text)
    _recipe(forge, "other", tree, more="depends = { bad = '*' }")
    _refused(forge, "build", "bad", says=says)


@pytest.mark.parametrize("name", ["a;rm -rf x", "a$(id)", "a b", "../a", "a`id`"])
def test_shell_metacharacter_in_a_name(forge: Forge, tree: str, name: str) -> None:
    text = SCRIPT.format(name=name, source=tree, more="", command=GOOD_COMMAND)
    forge.recipe("bad", text)
    _refused(forge, "build", "bad", says=["bad.toml", "name"])


@pytest.mark.parametrize("version", ["1.0;id", "1.0$(id)", "1 0", "../1"])
def test_shell_metacharacter_in_a_version(forge: Forge, tree: str, version: str) -> None:
    text = SCRIPT.format(name="bad", source=tree, more="", command=GOOD_COMMAND)
    forge.recipe("bad", text.replace('"1.0"', f'"{version}"'))
    _refused(forge, "build", "bad", says=["bad.toml", "versions", version])


def test_missing_compiler(forge: Forge, tmp_path: Path) -> None:
    env = {"PATH": str(tmp_path)}
    _refused(forge, "build", "miniblas", env=env, says=["gcc", "not installed", "apt-get install"])


def test_compiler_too_old(forge: Forge) -> None:
    old = forge.root / "old.toml"
    old.write_text(
        'name = "old"\nsummary = "x"\nfamily = "gcc"\nminimum = "99"\n'
        '[programs]\ncc = ["gcc"]\ncxx = ["g++"]\n'
    )
    says = ["toolchain old", "99 is the oldest that works", "--toolchain"]
    _refused(forge, "build", "miniblas", "--toolchain", str(old), says=says)


def _archive(path: Path, name: str) -> str:
    with tarfile.open(path, "w:gz") as tar:
        item = tarfile.TarInfo(name)
        item.size = 3
        tar.addfile(item, io.BytesIO(b"abc"))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _archive_source(url: str, sha256: str, mirrors: str = "[]") -> str:
    pinned = f'sha256 = {{ "1.0" = "{sha256}" }}'
    return f'type = "archive"\nurl = "{url}"\n{pinned}\nmirrors = {mirrors}'


def test_wrong_digest(forge: Forge, tmp_path: Path) -> None:
    found = _archive(tmp_path / "a.tar.gz", "a-1/file")
    url = (tmp_path / "a.tar.gz").as_uri()
    _recipe(forge, "bad", _archive_source(url, "0" * 64))
    _refused(forge, "build", "bad", says=["0" * 64, found, url, "source.sha256"])


def test_unreachable_source_names_every_mirror(forge: Forge) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    one, two = (f"http://127.0.0.1:{port}/{name}.tar.gz" for name in ("one", "two"))
    _recipe(forge, "bad", _archive_source(one, "0" * 64, f'["{two}"]'))
    _refused(forge, "build", "bad", says=[one, two])


def test_archive_that_leads_outside(forge: Forge, tmp_path: Path) -> None:
    sha256 = _archive(tmp_path / "a.tar.gz", "a-1/../../../outside")
    _recipe(forge, "bad", _archive_source((tmp_path / "a.tar.gz").as_uri(), sha256))
    _refused(forge, "build", "bad", says=["a-1/../../../outside", "..", "do not trust"])
    assert not list(tmp_path.rglob("outside"))


def test_two_recipes_with_the_same_file(forge: Forge) -> None:
    for name in ("one", "two"):
        folder = forge.root / name
        folder.mkdir()
        (folder / "same.py").write_text("x = 1\n")
        (folder / "setup.py").write_text(
            f"from setuptools import setup\nsetup(name='{name}', version='1.0', "
            "py_modules=['same'])\n"
        )
        forge.recipe(
            name,
            f'name = "{name}"\nkind = "wheel"\nsummary = "x"\nlicense = "MIT"\n'
            f'versions = ["1.0"]\n[source]\ntype = "path"\npath = "{folder}"\n'
            '[build]\nbackend = "setuptools"\nrequires = ["setuptools>=77"]\n',
        )
    forge.good("build", "one")
    forge.good("store", "verify")
    before = forge.files(forge.wheelhouse)
    ran = forge.run("build", "one", "two")
    assert ran.code == 1
    assert "same.py" in ran.err
    assert "one 1.0" in ran.err
    assert "two 1.0" in ran.err
    assert forge.files(forge.wheelhouse) == before


def _tmpfs(folder: Path, options: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False)
    if done.returncode != 0:
        pytest.skip("this machine does not let root mount")


@pytest.mark.parametrize("command", ["head -c 4000000 /dev/zero > made", GOOD_COMMAND])
def test_full_disk(forge: Forge, tree: str, command: str) -> None:
    _recipe(forge, "big", tree, command=command)
    if command == GOOD_COMMAND:
        (forge.root / "tree" / "file").write_bytes(bytes(4_000_000))
    _tmpfs(forge.home, "size=1m")
    try:
        ran = forge.run("build", "big")
        assert ran.code == 1, ran.out + ran.err
        assert "no space left on the device" in ran.err
        assert "WHEELFORGE_HOME" in ran.err
        assert not forge.wheelhouse.exists()
    finally:
        subprocess.run(["umount", forge.home], check=True)


def test_read_only_wheelhouse(forge: Forge) -> None:
    _tmpfs(forge.wheelhouse, "ro,size=1m")
    try:
        _refused(forge, "build", "miniblas", says=["--wheelhouse", "cannot be written"])
        assert not (forge.home / "store").exists()
    finally:
        subprocess.run(["umount", forge.wheelhouse], check=True)

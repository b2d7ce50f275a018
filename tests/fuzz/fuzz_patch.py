"""Patches: what is let pass is applied, and must not change anything outside of its tree."""

from __future__ import annotations

import os
from pathlib import Path
from subprocess import DEVNULL, run
from typing import TYPE_CHECKING

from guard import Harm, guarded
from mutation import NAMES, lines_changed

from wheelforge import patchfile, quilt
from wheelforge.backends.preparation import patch_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

_RECIPES = Path(__file__).parents[2] / "recipes"
_PLAIN = b"--- a/p/a\n+++ b/p/a\n@@ -1 +1 @@\n-one\n+two\n"
_TREE = {"tree/p/a": b"one\n", "tree/p/b": b"one\n", "tree/a": b"one\n", "out/a": b"one\n"}
_WORDS = (
    b"--- a/p/a", b"+++ b/p/a", b"+++ b/../out/a", b"+++ b/link/a", b"--- /dev/null", b"+++ link/a",
    b"@@ -1 +1 @@", b"@@ -0,0 +1 @@", b"@@ -1 +0,0 @@", b"@@ -1,9 +1,9 @@", b"-one", b"+two",
    b" one",
    b"diff --git a/p/a b/p/a", b"diff --git a/p/a b/../out/a", b"new file mode 120000", b"***",
    b"rename from p/a", b"rename to ../out/b", b"copy from p/a", b"copy to link/b", b"Index: p/a",
    b"Prereq: x", b"*** a/p/a", b"--- b/p/a", b"***************", b"*** 1 ****", b"--- 1 ----",
    b"old mode 100644", b"new mode 100755", b"deleted file mode 100644", b"index 1..2", b"1c1",
    b"d", b"a",
    b"w out/x", b"! sh", b"\\ No newline at end of file", b"GIT binary patch", b"\r", b"\t",
    b'"b/\\056\\056/out/a"', b'+++ "b/p/a"', b"similarity index 100%", b"- ", b"X", b"../out/a",
)  # fmt: skip


def check(data: bytes) -> None:
    """Run `patch` as a build does, on what is let pass."""
    for strip in (0, 1, 2):
        passed = False
        with guarded({"a.patch": data, **_TREE}, "tree") as folder:
            (folder / "tree" / "link").symlink_to("../out")
            patchfile.vet(folder / "a.patch", strip, folder / "tree")
            passed = True
        if passed:
            _apply(folder, strip)
    with guarded({"series": data, "a.patch": b""}, "nowhere") as folder:
        for item in quilt.series(folder):
            if not item.file.resolve().is_relative_to(folder.resolve()):
                raise Harm(f"a series names {item.file}")


def _apply(folder: Path, strip: int) -> None:
    before = _beside(folder)
    command = patch_command("", str(folder / "a.patch"), strip, str(folder / "tree"))
    run(command.argv, cwd=command.cwd, stdout=DEVNULL, stderr=DEVNULL, timeout=60, check=False)
    if _beside(folder) != before:
        raise Harm(f"-p{strip} changed what is beside the tree: {_beside(folder)}")


def _beside(folder: Path) -> dict[str, bytes]:
    """What is outside of the tree."""
    found = {}
    for base, folders, files in os.walk(folder):
        if base == str(folder):
            folders.remove("tree")
        found |= {f"{base}/{name}": Path(base, name).read_bytes() for name in files}
    return found


def seeds() -> Iterator[bytes]:
    """The shipped patches, a plain one, one of git's, and a series."""
    for path in sorted(_RECIPES.rglob("*.patch")):
        if path.stat().st_size < 8_000:
            yield path.read_bytes()
    yield _PLAIN
    git = b"diff --git a/p/a b/p/c\nsimilarity index 100%\nrename from p/a\nrename to p/c\n"
    yield git + b"diff --git a/p/n b/p/n\nnew file mode 100755\n--- /dev/null\n+++ b/p/n\n"
    yield b"a.patch\n# a comment\na.patch -p2\n"


def mutated(data: bytes, dice: Random) -> bytes:
    """Headers and lines of patches in other places."""
    return lines_changed(data, dice, (*_WORDS * 3, *NAMES))

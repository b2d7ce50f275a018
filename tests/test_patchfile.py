"""What a patch touches is known before it is applied."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from builders import refusal
from wheelforge.patchfile import touched, vet

HUNK = "@@ -1 +1 @@\n-a\n+b\n"
GIT = """From 0123 Mon Sep 17 00:00:00 2001
Subject: [PATCH] two files
---
 a.c | 2 +-
diff --git a/src/a.c b/src/a.c
index 1..2 100644
--- a/src/a.c
+++ b/src/a.c
@@ -1,3 +1,3 @@ int f(void)
 x
--- ../../not a name, but a line that goes
+++ /nor is this
 y

diff --git "a/gr\\303\\266\\303\\237er" "b/gr\\303\\266\\303\\237er"
new file mode 100644
--- /dev/null
+++ "b/gr\\303\\266\\303\\237er"
@@ -0,0 +1 @@
+x
\\ No newline at end of file
diff --git a/old b/new
rename from old
rename to new
--
2.39
"""


@pytest.fixture
def patch(tmp_path: Path) -> Path:
    return tmp_path / "x.patch"


def headed(old: str, new: str = "b/x") -> str:
    return f"--- {old}\n+++ {new}\n{HUNK}"


def test_the_files_of_a_patch(patch: Path) -> None:
    patch.write_text(GIT)
    names = touched(patch, 1)
    assert {"src/a.c", "größer", "new", "old"} <= names
    assert not any("not a name" in name or "nor is" in name for name in names)


@pytest.mark.parametrize(
    "text",
    [
        headed("a/../../x"),
        headed("a/x", "b/../../x"),
        headed("a/x\t2024-01-01", "b/../../x\t2024-01-01"),
        headed('"a/..\\057../x"'),
        headed('"a/\\056\\056/x"'),
        f"Index: ../x\n{headed('a/x')}",
        f"  --- ../x\n  +++ ../x\n{HUNK}",
        f"- --- ../x\n- +++ ../x\n{HUNK}",
        f"XX--- ../x\n{HUNK}",
        f"{headed('a/x')}--- a/../../y\n+++ b/y\n{HUNK}",
        f"*** ../x\n{headed('a/x')}",
        "diff --git a/../../x b/x\n",
        "diff --git a/x b/y\nrename from x\nrename to ../y\n",
        'diff --git a/x "b/../\\171"\n',
        "--- a/x\r\n+++ b/../../x\r\n",
    ],
)
def test_a_name_that_leads_outside(patch: Path, text: str) -> None:
    patch.write_text(text, newline="")
    assert "which leads outside" in refusal(partial(touched, patch, 1)).what


def test_absolute_names_depend_on_what_is_stripped(patch: Path) -> None:
    patch.write_text(headed("/etc/passwd", "/etc/passwd"))
    assert "which leads outside" in refusal(partial(touched, patch, 0)).what
    assert touched(patch, 1) == {"etc/passwd"}
    assert touched(patch, 2) == {"passwd"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HUNK, "a hunk belongs to no file"),
        (headed("a/x").replace("+b", "?b"), "has no place in a hunk"),
        ("diff --git a/x b/x\nnew file mode 120000\n", "makes a symbolic link"),
        (" new file mode 120000\r\n", "makes a symbolic link"),
    ],
)
def test_what_is_no_plain_diff(patch: Path, text: str, why: str) -> None:
    patch.write_text(text, newline="")
    assert why in refusal(partial(touched, patch, 1)).what


def test_a_link_in_the_tree_that_leads_outside(patch: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "in").mkdir(parents=True)
    (tree / "fine").symlink_to("in")
    (tree / "out").symlink_to("..")
    (tree / "file").symlink_to("../x.patch")
    for name, bad in (("fine/x", False), ("out/x", True), ("file", True), ("new/x", False)):
        patch.write_text(headed(f"a/{name}", f"b/{name}"))
        if bad:
            assert "through a link" in refusal(partial(vet, patch, 1, tree)).what
        else:
            vet(patch, 1, tree)


def test_a_patch_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "big").write_text("x" * 100)
    monkeypatch.setenv("WHEELFORGE_LIMITS", "patch-bytes=10")
    assert "regular file" in refusal(partial(touched, tmp_path / "pipe", 1)).what
    assert "patch-bytes" in refusal(partial(touched, tmp_path / "big", 1)).what
    assert "cannot be read" in refusal(partial(touched, tmp_path / "gone", 1)).what


@pytest.mark.parametrize("name", ["a/\0x", '"a/\\000x"'])
def test_a_name_that_no_file_has(patch: Path, name: str) -> None:
    patch.write_text(headed(name))
    assert "NUL in its name" in refusal(partial(vet, patch, 1, patch.parent)).what
